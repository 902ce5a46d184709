"""Remember the weight, move nothing: judge a trial without touching traffic."""

from __future__ import annotations

from shadowmon.ipc.board import Board
from shadowmon.records import NO_TRAFFIC, Weight


class DryRun:
    """An actuator that only remembers."""

    def __init__(self, board: Board, trial: int) -> None:
        del board, trial
        self._weight = NO_TRAFFIC

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        self._weight = weight

    async def read_weight(self) -> Weight:
        """See `Actuator.read_weight`."""
        return self._weight
