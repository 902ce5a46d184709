"""Remember the weight, move nothing: judge a trial without touching traffic."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel

from shadowmon.actuators.actuator import NoSettings, NothingToOpen, Place
from shadowmon.records import NO_TRAFFIC, Weight


class DryRun(NothingToOpen):
    """An actuator that only remembers."""

    Settings: ClassVar[type[BaseModel]] = NoSettings

    def __init__(self) -> None:
        self._weight = NO_TRAFFIC

    @classmethod
    def of(cls, settings: NoSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        del settings, place
        return cls()

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        self._weight = weight

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        return self._weight
