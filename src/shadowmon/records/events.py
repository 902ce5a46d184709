"""What comes into the core: events."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from shadowmon.records.evidence import Claim
from shadowmon.records.names import TrialId, Weight
from shadowmon.records.observations import Cell, Counts
from shadowmon.records.rollout import Phase
from shadowmon.records.verdicts import Decision, Grade


class Arm(enum.StrEnum):
    """Which of a trial's two models."""

    BASELINE = "baseline"
    OPTIMIZED = "optimized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What users said of one arm's replies."""

    replies: int = 0
    """Those that may be spoken of: exposures."""
    complaints: int = 0
    """Thumbs down are complaints."""
    thumbs_up: int = 0
    unplaced: int = 0
    """Complaints among them about replies of a moment when the stage's weight was not known to be
    in force: nobody knows by what share users were divided then. And those of a user who had
    complained in this stage before: who served him was drawn once."""

    def __add__(self, other: Felt) -> Felt:
        return Felt(
            replies=self.replies + other.replies,
            complaints=self.complaints + other.complaints,
            thumbs_up=self.thumbs_up + other.thumbs_up,
            unplaced=self.unplaced + other.unplaced,
        )

    def __sub__(self, other: Felt) -> Felt:
        return Felt(
            replies=self.replies - other.replies,
            complaints=self.complaints - other.complaints,
            thumbs_up=self.thumbs_up - other.thumbs_up,
            unplaced=self.unplaced - other.unplaced,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time passed; here is all that was counted so far."""

    now: datetime
    totals: Mapping[Cell, Counts]
    """The sum of all replicas' accounts of this trial's present epoch."""
    route_holder: TrialId | None = None
    """The trial that holds live weight on this trial's route, if any does."""
    frozen: str = ""
    """Why no trial may climb (rollout/freeze.py); empty while nothing is frozen."""
    variance_ratio: float | None = None
    """Of the primary metric; None while it is not known (evidence/variance_ratio.py)."""
    felt: Mapping[Arm, Felt] = field(default_factory=dict)
    """What users said in the present stage, as far as it was not told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightApplied:
    """The actuator did it, and read it back."""

    weight: Weight
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRejected:
    """The actuator could not."""

    weight: Weight
    problem: str
    now: datetime


class Operation(enum.StrEnum):
    """What a person may ask for."""

    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "roll_back"
    RE_ARM = "re_arm"
    APPROVE = "approve"
    """Agree to the next stage; before the shadow, to go on without what the phase asks for."""
    LOOSEN = "loosen"
    """Let the configured limits take effect where they are looser than those in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAsked:
    """A person used the API or the command line."""

    operation: Operation
    operator: str
    reason: str
    now: datetime
    expires_at: datetime | None = None
    """Of an approval: when it is no longer valid."""
    figures: tuple[tuple[Claim, float | None], ...] | None = None
    """To loosen by evidence: each claim of a stored verdict, with its interval's upper end. None:
    the person overrides, and answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReported:
    """A phase before the shadow was judged: a benchmark's results, or people's preferences."""

    phase: Phase
    """Of which phase this is the result; of another one than the present it is refused."""
    decision: Decision
    """PROMOTE passes the phase, ROLL_BACK ends the trial; HOLD is only journalled."""
    grade: Grade
    sentence: str
    reporter: str
    now: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    """What it was judged by, as JSON."""


Event: TypeAlias = Ticked | WeightApplied | WeightRejected | OperatorAsked | GateReported
