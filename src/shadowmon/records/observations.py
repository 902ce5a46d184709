"""What a pair says: figures of metrics, and what was counted of them."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from shadowmon.records.answers import Pair
from shadowmon.records.names import MetricName, SliceName, TrialId


class MetricKind(enum.StrEnum):
    """What one observation of a metric is. It decides how it is counted (evidence/outcomes.py)."""

    VERDICTS = "verdicts"
    """A yes or a no about each model: correct, failed, unsafe. Counted in a 2x2 table."""
    DIVERGENCE = "divergence"
    """How far apart the two answers are; 0 is the same. Counted in a histogram."""
    SCORES = "scores"
    """A figure in [0, 1] of each model. Counted in one histogram for each contrast held to."""


class Scope(enum.StrEnum):
    """Over which time a metric's evidence for a climb is gathered."""

    EPOCH = "epoch"
    """Quality: every pair since the evidence began."""
    STAGE = "stage"
    """Service: the present stage's pairs, for load and audience change with the stage."""


class Worse(enum.StrEnum):
    """Which way is worse."""

    HIGHER = "higher"
    LOWER = "lower"


class Contrast(enum.StrEnum):
    """Which figure of two models' rates a limit is about. A positive figure is always worse."""

    MEAN = "mean"
    """The mean divergence itself, in [0, 1]."""
    RELATIVE_DROP = "relative_drop"
    """(baseline - optimized) / baseline, of a good rate."""
    ABSOLUTE_RISE = "absolute_rise"
    """optimized - baseline, of a bad rate."""
    RELATIVE_RISE = "relative_rise"
    """(optimized - baseline) / baseline, of a bad rate."""
    ANY_RISE = "any_rise"
    """More of what only the optimized model does than of what only the baseline does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a scorer measures."""

    name: MetricName
    kind: MetricKind
    scope: Scope = Scope.EPOCH
    worse: Worse = Worse.HIGHER
    """Is a yes, or a high score, bad (HIGHER: an error) or good (LOWER: a correct answer)?"""
    lower: float = 0.0
    upper: float = 1.0
    """Range of a divergence metric's distance. Wider than [0, 1] for what is corrected by the
    baseline's divergence from itself (evidence/floor.py)."""
    held_to: tuple[tuple[Contrast, float], ...] = ()
    """Of a scores metric: each contrast and limit that a claim may be about; the evidence counts
    one histogram for each, so they are fixed before it begins."""
    sentence: str
    """What one observation says, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """
    One metric's measurement on one pair.

    Exactly one of the three forms: both `baseline` and `optimized` (a verdicts or scores metric),
    `distance` (a divergence metric), or `missing` (why there is none, in one word).
    """

    metric: MetricName
    baseline: bool | float | None = None
    """True or False of a verdicts metric, a figure in [0, 1] of a scores metric."""
    optimized: bool | float | None = None
    distance: float | None = None
    missing: str = ""
    rate: int = 10_000
    """The probability with which a sampled pair is measured by this metric, in basis points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All that the scorers said about one pair."""

    pair: Pair
    observations: tuple[Observation, ...]
    scorer_failures: Mapping[str, str] = field(default_factory=dict)
    """Scorer's name -> what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One account of the ledger: what is counted together."""

    trial_id: TrialId
    epoch: int
    stage: int
    """The stage's number for a metric of scope STAGE, else 0."""
    metric: MetricName
    slice: SliceName
    rate: int = 10_000
    """Sampling probability of what is counted here, in basis points."""


Counts: TypeAlias = tuple[int, ...]
"""
Integers that add. Their places are given by the metric's kind (evidence/outcomes.py); the last
place counts the missing ones.
"""
