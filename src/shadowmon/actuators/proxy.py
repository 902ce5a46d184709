"""Our own inline proxy: its workers read the weight from the board for every request."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel

from shadowmon.actuators.actuator import NoSettings, NothingToOpen, Place
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.records import Weight


class ProxyWeights(NothingToOpen):
    """An actuator that writes the board; in effect with the next request."""

    Settings: ClassVar[type[BaseModel]] = NoSettings

    def __init__(self, board: Board, trial: int) -> None:
        self._board = board
        self._trial = trial

    @classmethod
    def of(cls, settings: NoSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        del settings
        return cls(place.board, place.number)

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        self._board.set_trial(self._trial, TrialCell.WEIGHT, weight)

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        return self._board.weight(self._trial)
