"""What a rollout is held to as long as it runs, and what is known of it at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shadowmon.records import Grade, Phase, TrialId
from shadowmon.rollout.ladder import Ladder
from shadowmon.rollout.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The rules of one trial's rollout."""

    ladder: Ladder
    cooldown_seconds: float
    may_climb: bool = True
    phases: tuple[Phase, ...] = (Phase.SHADOWING,)
    """Those that are gone through up to the shadow, in order."""
    windows: tuple[Window, ...] = ()
    """When it may climb; none: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must be known besides a rollout's own state."""

    now: datetime
    pairs_in_stage: int = 0
    route_holder: TrialId | None = None
    """The trial that has the route's traffic (routes.py)."""
    frozen: str = ""
    """Why nothing climbs, whichever trial (freeze.py); empty while nothing is frozen."""
    grade: Grade = Grade.WAIT
    expires_at: datetime | None = None
    """Of an approval."""
    complaints: str = ""
    """What users' complaints have against a climb; empty if nothing."""
