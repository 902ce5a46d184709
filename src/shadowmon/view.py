"""
What people and Prometheus may see: one immutable picture, taken after each committed tick.

The API, the metrics, the terminal view and the demo's story all read this and nothing else, so
that they never disagree; and it shows only what the store has, so that a restart never takes
anything back.
"""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shadowmon.records import (
    Contrast,
    Evidence,
    ExchangeId,
    Grade,
    Metric,
    MetricName,
    ModelName,
    Phase,
    RolloutState,
    RouteName,
    SliceName,
    Stage,
    TrialId,
    Verdict,
)
from shadowmon.rollout.course import Course
from shadowmon.rollout.freeze import Freeze
from shadowmon.scoring.classification.f1 import Classification
from shadowmon.scoring.classification.mix import Mix


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric in one slice as a person reads it: estimate, interval, the limit it is held to."""

    metric: Metric
    slice: SliceName
    contrast: Contrast
    count: int
    missing: int
    baseline_rate: float | None
    optimized_rate: float | None
    estimate: float | None
    lower: float | None
    upper: float | None
    acceptable: float | None
    """What a climb asks the figure to be proven below; None if no climb asks."""
    red_line: float | None
    """What takes all weight away once the figure is proven above; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One rule's claim and the race it runs."""

    rule: str
    evidence: Evidence
    log_e_needed: float
    weight: float | None
    """Its share in the average of all rules that can take weight away; None: it is not in it."""
    armed: bool = True
    breached: bool = False
    alarm: bool = False
    """Is a person called? Sooner than the roll-back, and decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceView:
    """Whether a slice has the pairs that its red line was planned to take."""

    slice: SliceName
    cover: str
    """covered, under_way or not_covered."""
    planned_pairs: float
    """May be infinite."""
    seen_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """One trial."""

    trial_id: TrialId
    number: int
    """Its place in the configuration, and on the board."""
    route: RouteName
    baseline: ModelName
    optimized: ModelName
    version: str
    task: str
    truth: str
    """What the primary metric is held against: labels, or the baseline's own answer."""
    primary: MetricName
    course: Course
    state: RolloutState
    verdict: Verdict | None
    figures: tuple[Figure, ...]
    rules: tuple[RuleView, ...]
    log_e_roll_back: float
    """The weighted average that the roll-back is decided on."""
    log_e_roll_back_needed: float
    pairs: int
    """Scored in this epoch."""
    pairs_in_stage: int
    last_pair_at: datetime | None
    blocked: str = ""
    """Why it may not climb now although its evidence might allow it; empty if it may."""
    objection: str = ""
    """What users' complaints have against a climb; empty if nothing."""
    coverage: tuple[SliceView, ...] = ()
    classification: Classification | None = None
    """Class by class, of what was counted in this epoch; None without classes or labels."""
    mix: Mix | None = None
    """How often each model called each class in this epoch; None without classes or pairs."""
    discoveries: tuple[str, ...] = ()
    """Rules whose breach is listed at a false discovery rate (evidence/discoveries.py): a report,
    on which nothing is decided."""
    variance_ratio: float | None = None
    actuator: str = ""
    """The word that says what moves the traffic; `dry_run`: nothing does."""
    feedback: Mapping[str, Any] | None = None
    """What users said in the present stage, as JSON; None if complaints are not judged."""
    pending: tuple[str, ...] = ()
    """What the configuration would loosen, and what is therefore not in force."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The rungs of its ladder."""
        return self.course.ladder.stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number of the daemon's own, named and labelled as the metrics show it."""

    name: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonView:
    """Everything."""

    at: datetime
    started_at: datetime
    version: str
    trials: tuple[TrialView, ...]
    funnel: Mapping[str, int]
    """
    Requests, in the order they can fall out: seen, unrouted, sampled_out, oversize, shed, aborted,
    handed_over, skipped; then pairs: unpaired, unscorable, scored. Proxy and tap together.
    """
    samples: tuple[Sample, ...] = ()
    """Counters of all processes, living and dead."""
    gauges: tuple[Sample, ...] = ()
    answers: Mapping[str, tuple[tuple[int, ...], float]] = field(default_factory=dict)
    """Arm -> answers that users got in each of `ipc.board.USER_SECONDS`' buckets, total seconds."""
    tick_seconds: float = 0.0
    config_reload_successful: bool = True
    config_reload_at: datetime | None = None
    store_problem: str = ""
    """Empty while the store can be written."""
    freeze: Freeze | None = None
    """While nothing climbs, whichever trial; None if nothing is frozen."""
    problems: tuple[str, ...] = ()
    """Why the daemon is not ready; empty if it is."""


class Said(enum.StrEnum):
    """What a reviewer says of two answers."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTask:
    """Two answers to be compared by one reviewer, who must not know which is which."""

    id: ExchangeId
    question: Mapping[str, Any]
    """`instructions` and `text`, as far as they were recorded."""
    left: Mapping[str, Any]
    """The parts of an answer that it has (records.Answer), or its `outcome` if it failed."""
    right: Mapping[str, Any]
    slices: tuple[SliceName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """How a phase before the shadow was judged, by whom, and by what."""

    phase: Phase
    grade: Grade
    """ACCEPT passes it, REJECT ends the trial; REVIEW is journalled, and a person decides."""
    sentence: str
    reporter: str
    data: Mapping[str, Any]
