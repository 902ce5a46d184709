"""What the rules say of the evidence."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shadowmon.records.evidence import Claim
from shadowmon.records.names import TrialId
from shadowmon.records.observations import Counts


class Decision(enum.StrEnum):
    """What the evidence allows."""

    PROMOTE = "promote"
    HOLD = "hold"
    STEP_DOWN = "step_down"
    ROLL_BACK = "roll_back"


class Grade(enum.StrEnum):
    """What is proven of the optimized model's loss, for people and for the metrics."""

    WAIT = "wait"
    ACCEPT = "accept"
    REVIEW = "review"
    BORDERLINE = "borderline"
    REJECT = "reject"
    RED_LINE = "red_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule's answer, in numbers and as a sentence."""

    rule: str
    grade: Grade
    claim: Claim
    estimate: float | None
    lower: float | None
    upper: float | None
    count: int
    log_e_value: float
    log_e_needed: float
    sentence: str
    counts: Counts = ()
    recompute: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else a person needs to compute the e-value again (bets, weight in the average)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What policy decided, and every reason for it; the deciding reason comes first."""

    trial_id: TrialId
    epoch: int
    decision: Decision
    grade: Grade
    sentence: str
    reasons: tuple[Reason, ...]
    decided_at: datetime
