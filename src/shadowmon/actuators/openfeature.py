"""
Applications that ask for their share themselves, as a feature flag over OFREP (gates/ofrep.py).

The weight lives here and is in effect with the next evaluation. Nobody else can set it, and it is
set again from the journal before anything is evaluated after a restart.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.actuators.actuator import NothingToOpen, Place
from shadowmon.records import Weight


class OpenFeatureSettings(BaseModel):
    """Settings of `type: openfeature`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flag: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")] | None = None
    """The flag's key; none: the trial's name."""


class OpenFeatureFlag(NothingToOpen):
    """An actuator that is asked, and never asks."""

    Settings: ClassVar[type[BaseModel]] = OpenFeatureSettings

    def __init__(self, key: str) -> None:
        self.key = key
        self.weight: Weight | None = None
        """None before it was set: the flag is not there yet, and applications use their default."""

    @classmethod
    def of(cls, settings: OpenFeatureSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        return cls(settings.flag or place.trial_id)

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        self.weight = weight

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        return self.weight
