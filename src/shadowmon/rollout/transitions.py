"""
The whole state table, as data.

Whatever moves a rollout is a row here. `machine` walks the table and adds
nothing to it; the diagram in the docs is drawn from it.

Being paused is no phase: it is a second, tiny machine beside this one. It
stops a climb and never a drop.
"""

from __future__ import annotations

import enum

from typing import TypeAlias

from shadowmon.records import Decision, Operation, Phase


class Move(enum.Enum):
    """What a row does."""

    CLIMB = enum.auto()
    STEP_DOWN = enum.auto()
    DROP = enum.auto()
    ADVANCE = enum.auto()
    """To the next phase before or into the shadow; no weight is moved."""
    APPROVE = enum.auto()
    """Remember that a person agreed to the next stage."""
    RE_ARM = enum.auto()
    """Back to the first phase, in a new epoch: nothing that was proven before counts."""


Trigger: TypeAlias = Decision | Operation

DECIDED: dict[tuple[Phase, Decision], Move] = {
    (Phase.BENCHMARK, Decision.PROMOTE): Move.ADVANCE,
    (Phase.BENCHMARK, Decision.ROLL_BACK): Move.DROP,
    (Phase.SIDE_BY_SIDE, Decision.PROMOTE): Move.ADVANCE,
    (Phase.SIDE_BY_SIDE, Decision.ROLL_BACK): Move.DROP,
    (Phase.SHADOWING, Decision.PROMOTE): Move.CLIMB,
    (Phase.SHADOWING, Decision.ROLL_BACK): Move.DROP,
    (Phase.PROGRESSING, Decision.PROMOTE): Move.CLIMB,
    (Phase.PROGRESSING, Decision.STEP_DOWN): Move.STEP_DOWN,
    (Phase.PROGRESSING, Decision.ROLL_BACK): Move.DROP,
    (Phase.PROMOTED, Decision.STEP_DOWN): Move.STEP_DOWN,
    (Phase.PROMOTED, Decision.ROLL_BACK): Move.DROP,
}
"""What evidence moves. A key that is missing changes nothing: to hold is the absence of a row."""

ASKED: dict[tuple[Phase, Operation], Move] = {
    (Phase.BENCHMARK, Operation.APPROVE): Move.ADVANCE,
    (Phase.BENCHMARK, Operation.ROLL_BACK): Move.DROP,
    (Phase.SIDE_BY_SIDE, Operation.APPROVE): Move.ADVANCE,
    (Phase.SIDE_BY_SIDE, Operation.ROLL_BACK): Move.DROP,
    (Phase.SHADOWING, Operation.APPROVE): Move.APPROVE,
    (Phase.SHADOWING, Operation.ROLL_BACK): Move.DROP,
    (Phase.PROGRESSING, Operation.APPROVE): Move.APPROVE,
    (Phase.PROGRESSING, Operation.ROLL_BACK): Move.DROP,
    (Phase.PROMOTED, Operation.ROLL_BACK): Move.DROP,
    (Phase.ROLLED_BACK, Operation.RE_ARM): Move.RE_ARM,
}
"""
What a person moves; a missing key is a refusal.

A table of its own, for both kinds of trigger are strings, and `roll_back` is one of either.
"""

WATCHED = frozenset((Phase.SHADOWING, Phase.PROGRESSING, Phase.PROMOTED))
"""In these phases requests are mirrored, and what they prove is weighed."""

PAUSES: dict[tuple[bool, Operation], bool] = {
    (False, Operation.PAUSE): True,
    (True, Operation.RESUME): False,
}


def move_of(phase: Phase, trigger: Trigger) -> Move | None:
    """Return what the row for a trigger in a phase does; None if there is no such row."""
    if isinstance(trigger, Decision):
        return DECIDED.get((phase, trigger))
    return ASKED.get((phase, trigger))
