"""Actuator protocol: set a weight, read it back, say what was seen."""

from __future__ import annotations

from typing import Protocol

from shadowmon.records import Weight


class Actuator(Protocol):
    """Moves one trial's traffic."""

    async def set_weight(self, weight: Weight) -> None:
        """
        Give the optimized model this share. Doing it twice is harmless.

        Raises:
            ActuatorError: If it could not be done, or not be known to be done.

        """
        ...

    async def read_weight(self) -> Weight:
        """
        Return the share that the optimized model has now.

        Raises:
            ActuatorError: If it cannot be known.

        """
        ...
