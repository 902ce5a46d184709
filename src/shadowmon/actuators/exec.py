"""
Let a program of yours move the traffic: it reads what is wanted as JSON, and its exit code says how
it went.

What it is given: {"trial", "route", "baseline", "optimized", "weight": <basis points>, "percent"}.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.actuators.actuator import NothingToOpen, Place
from shadowmon.actuators.program import run
from shadowmon.actuators.told import Subject, weight_in, written
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight


Argv: TypeAlias = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class ExecSettings(BaseModel):
    """Settings of `type: exec`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    set: Argv
    """The program that sets a weight, and its arguments. No shell is between."""
    read: Argv | None = None
    """The program that writes {"weight": <basis points>}, the weight in effect. None: what `set`
    wrote, else what it was given."""
    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 10.0


class Exec(NothingToOpen):
    """An actuator that runs a program."""

    Settings: ClassVar[type[BaseModel]] = ExecSettings

    def __init__(self, settings: ExecSettings, subject: Subject) -> None:
        self._settings = settings
        self._subject = subject
        self._done: Weight | None = None

    @classmethod
    def of(cls, settings: ExecSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        subject = Subject(
            trial_id=place.trial_id,
            route=place.route,
            baseline=place.baseline,
            optimized=place.optimized,
        )
        return cls(settings, subject)

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        self._done = None
        out = await self._run(self._settings.set, written(self._subject.told(weight)))
        said = weight_in(out, self._settings.set[0])
        self._done = weight if said is None else said

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        if self._settings.read is None:
            return self._done
        return weight_in(await self._run(self._settings.read, b""), self._settings.read[0])

    async def _run(self, argv: Argv, given: bytes) -> bytes:
        ran = await run(argv, given=given, seconds=self._settings.timeout_seconds)
        if ran.code != 0:
            msg = f"{argv[0]} failed with exit code {ran.code}: {ran.said or 'it said nothing'}"
            raise ActuatorError(msg)
        return ran.out
