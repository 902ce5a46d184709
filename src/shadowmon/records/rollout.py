"""Where the rollout stands."""

from __future__ import annotations

import enum

from dataclasses import dataclass
from datetime import datetime

from shadowmon.records.names import StageName, TrialId, Weight


class Phase(enum.StrEnum):
    """Where a trial's rollout is."""

    BENCHMARK = "benchmark"
    SIDE_BY_SIDE = "side_by_side"
    SHADOWING = "shadowing"
    PROGRESSING = "progressing"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One rung of the ladder."""

    name: StageName
    weight: Weight
    min_pairs: int
    """Pairs that must have been scored in this stage before the next climb."""
    min_dwell_seconds: float
    needs_approval: bool = False
    """Does a person have to agree before it is climbed to?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutState:
    """Everything that the rollout machine remembers."""

    trial_id: TrialId
    epoch: int
    phase: Phase
    paused: bool
    stage_index: int
    """-1 while no stage of the ladder holds weight."""
    stage_count: int
    """Grows by one with every change of stage: the stage's number in the ledger."""
    desired_weight: Weight
    applied_weight: Weight | None
    """What the actuator last read back; None before the first time."""
    entered_stage_at: datetime
    cooldown_until: datetime | None = None
    stepped_down: bool = False
    """Was the last change of stage a step down? A borderline loss steps down once only."""
    approved_index: int | None = None
    """The stage that a person has agreed to climb to."""
    approved_until: datetime | None = None
    """None: for as long as it takes."""
    drifted: bool = False
    """Was the weight changed by another hand after it had been applied? It is not fought over: the
    rollout holds until a person resumes it; a drop still goes out."""
