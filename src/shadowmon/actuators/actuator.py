"""
Actuator protocol: set a weight, read it back, say what was seen.

Rule 1: levels, not deltas. Setting the same weight twice is harmless, so whatever is not known to
        be done is done again.
Rule 2: what is read back is what the traffic's own mover says, not what we remember having said,
        wherever it can be asked.
Rule 3: every wait has a deadline; a failure is an `ActuatorError` that says where, what was found
        and what to do, and quotes no secret.
Rule 4: nothing is contacted before the actuator is entered, and entering cannot fail: a control
        plane that is down at the start is no reason not to start.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict

from shadowmon.clock import Clock
from shadowmon.ipc.board import Board
from shadowmon.records import ModelName, RouteName, TrialId, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The trial that an actuator moves traffic for, and what it may use of the daemon's."""

    trial_id: TrialId
    number: int
    """Of the trial, on the board."""
    route: RouteName
    baseline: ModelName
    optimized: ModelName
    board: Board
    clock: Clock


class Actuator(Protocol):
    """Moves one trial's traffic."""

    Settings: ClassVar[type[BaseModel]]
    """What stands beside `type` under `trials.<name>.actuator`."""

    @classmethod
    def of(cls, settings: Any, place: Place) -> Self:  # noqa: ANN401 - this class's own Settings
        """Return one for this trial; nothing is contacted yet."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def set_weight(self, weight: Weight) -> None:
        """
        Give the optimized model this share, and return once it is in effect. Twice is harmless.

        May be cancelled when another weight is wanted meanwhile.

        Raises:
            ActuatorError: If it could not be done, or not be known to be done.

        """
        ...

    async def read_weight(self) -> Weight | None:
        """
        Return the share that the optimized model has now; None if nobody can tell before it is set.

        Raises:
            ActuatorError: If it cannot be known.

        """
        ...


class NoSettings(BaseModel):
    """Of an actuator that has nothing to be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NothingToOpen:
    """An actuator, or a part of one, that holds nothing open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
