"""What the counts prove."""

from __future__ import annotations

import enum

from dataclasses import dataclass

from shadowmon.records.names import MetricName, SliceName
from shadowmon.records.observations import Contrast, Counts, MetricKind


class Side(enum.StrEnum):
    """Which half of the line a claim is about."""

    WORSE = "worse"
    """The figure is above the limit (E_up)."""
    BETTER = "better"
    """The figure is below the limit (E_dn)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence that evidence can prove: this figure, in this slice, is beyond this limit."""

    metric: MetricName
    slice: SliceName
    contrast: Contrast
    limit: float
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    How far one claim is proven, valid whenever it is read.

    Also carries what a person wants to see beside it: the figure, its interval, the counts.
    """

    claim: Claim
    kind: MetricKind
    log_e_value: float
    """Natural logarithm. Proven at level alpha once it reaches log(1/alpha)."""
    log_e_from_start: float | None = None
    """The same of the bets that began with the first pair, where later ones are counted in; far
    below the whole, it says that the change is recent."""
    count: int
    """Pairs that were measured."""
    missing: int
    """Pairs that should have been measured and could not be; counted against the claim."""
    baseline_rate: float | None
    optimized_rate: float | None
    estimate: float | None
    """The figure of the claim's contrast; None where it is not defined (a baseline rate of 0)."""
    lower: float | None
    upper: float | None
    """Confidence sequence for the figure, at the two-sided level of the settings."""
    counts: Counts
    """What the claim bets on, at all sampling rates one after the other, the highest first; of a
    scores metric one histogram, and the missing."""
