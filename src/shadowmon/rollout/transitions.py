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
    RE_ARM = enum.auto()
    """Back to the shadow, in a new epoch: nothing that was proven before counts."""


Trigger: TypeAlias = Decision | Operation

MOVES: dict[tuple[Phase, Trigger], Move] = {
    (Phase.SHADOWING, Decision.PROMOTE): Move.CLIMB,
    (Phase.SHADOWING, Decision.ROLL_BACK): Move.DROP,
    (Phase.SHADOWING, Operation.ROLL_BACK): Move.DROP,
    (Phase.PROGRESSING, Decision.PROMOTE): Move.CLIMB,
    (Phase.PROGRESSING, Decision.STEP_DOWN): Move.STEP_DOWN,
    (Phase.PROGRESSING, Decision.ROLL_BACK): Move.DROP,
    (Phase.PROGRESSING, Operation.ROLL_BACK): Move.DROP,
    (Phase.PROMOTED, Decision.STEP_DOWN): Move.STEP_DOWN,
    (Phase.PROMOTED, Decision.ROLL_BACK): Move.DROP,
    (Phase.PROMOTED, Operation.ROLL_BACK): Move.DROP,
    (Phase.ROLLED_BACK, Operation.RE_ARM): Move.RE_ARM,
}
"""A key that is missing changes nothing: to hold is the absence of a row."""

PAUSES: dict[tuple[bool, Trigger], bool] = {
    (False, Operation.PAUSE): True,
    (True, Operation.RESUME): False,
}
