"""
HAProxy: the weights of a backend's servers, over its runtime API.

A weight there is 0 to 256. Whole percents are met exactly; other shares as close as two such
numbers come (0.5 % too; below 0.39 % none does, and the weight is refused). What was set for a
share is read back as that share. HAProxy forgets weights when it is reloaded: the configuration
file's come back, and are seen as set by somebody else, so let the optimized servers have `weight 0`
there. The backend must balance dynamically (roundrobin, leastconn, or a hash with `hash-type
consistent`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import structlog

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.actuators.actuator import NothingToOpen, Place
from shadowmon.actuators.haproxy_socket import ServerState, command, parse_states
from shadowmon.actuators.ratio import Ratio, closest, share_of
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight


log = structlog.get_logger()

MOST = 256
_OFF_BY_MAX = 0.1
"""A share may be met within a tenth of itself, and not worse."""

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$")]


class HAProxySettings(BaseModel):
    """Settings of `type: haproxy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(pattern=r"^(unix:/.+|.+:[0-9]+)$")
    """Of a `stats socket … level admin`: unix:/run/haproxy/admin.sock, or host:port."""
    backend: _Name
    baseline: Annotated[tuple[_Name, ...], Field(min_length=1)] = ("baseline",)
    """Servers of the baseline."""
    optimized: Annotated[tuple[_Name, ...], Field(min_length=1)] = ("optimized",)
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0


class HAProxyWeights(NothingToOpen):
    """An actuator that sets the weights of one backend's servers."""

    Settings: ClassVar[type[BaseModel]] = HAProxySettings

    def __init__(self, settings: HAProxySettings) -> None:
        self._settings = settings
        self._set: tuple[Weight, Ratio] | None = None

    @classmethod
    def of(cls, settings: HAProxySettings, place: Place) -> Self:
        """See `Actuator.of`."""
        del place
        return cls(settings)

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        given = self._settings
        ratio = closest(
            weight,
            most=MOST,
            baseline_servers=len(given.baseline),
            optimized_servers=len(given.optimized),
        )
        self._refuse_if_far(weight, ratio)
        wanted = [(name, ratio.baseline) for name in given.baseline]
        wanted += [(name, ratio.optimized) for name in given.optimized]
        self._set = (weight, ratio)
        line = "; ".join(f"set weight {given.backend}/{name} {number}" for name, number in wanted)
        answer = await command(given.address, line, seconds=given.timeout_seconds)
        if said := " ".join(answer.split()):
            msg = f"HAProxy at {given.address} refused: {said[:200]}"
            raise ActuatorError(msg)

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        given = self._settings
        line = f"show servers state {given.backend}"
        answer = await command(given.address, line, seconds=given.timeout_seconds)
        states = parse_states(answer, given.backend)
        self._refuse_others(states)
        if self._set is not None and self._is_in_effect(self._set[1], states):
            return self._set[0]
        optimized = sum(states[name].weight for name in given.optimized)
        everything = optimized + sum(states[name].weight for name in given.baseline)
        if not everything:
            msg = f"every server of backend {given.backend} has weight 0: nobody is served"
            raise ActuatorError(msg)
        return share_of(optimized, everything)

    def _is_in_effect(self, ratio: Ratio, states: Mapping[str, ServerState]) -> bool:
        given = self._settings
        return all(states[name].weight == ratio.baseline for name in given.baseline) and all(
            states[name].weight == ratio.optimized for name in given.optimized
        )

    def _refuse_others(self, states: Mapping[str, ServerState]) -> None:
        """A backend with other servers gives them a share that nobody decided."""
        given = self._settings
        ours = {*given.baseline, *given.optimized}
        if missing := sorted(ours - states.keys()):
            msg = f"backend {given.backend} has no server {', '.join(missing)}"
            raise ActuatorError(msg)
        if others := sorted(name for name in states.keys() - ours if states[name].weight):
            msg = (
                f"backend {given.backend} also sends to {', '.join(others)}: name every server "
                "under baseline or optimized, or give the others weight 0"
            )
            raise ActuatorError(msg)

    def _refuse_if_far(self, weight: Weight, ratio: Ratio) -> None:
        given = self._settings
        load = ratio.optimized * len(given.optimized)
        gets = share_of(load, load + ratio.baseline * len(given.baseline))
        if abs(gets - weight) > _OFF_BY_MAX * min(weight, 10_000 - weight):
            msg = (
                f"{weight / 100:g}% cannot be set with weights of 0 to {MOST}: the closest is "
                f"{gets / 100:g}%; choose another stage"
            )
            raise ActuatorError(msg)
        if gets != weight:
            log.info("actuator.weight_rounded", wanted=weight, applied=gets, backend=given.backend)
