"""
HAProxy, over its runtime API: by an entry of a map, or by the weights of a backend's servers.

By a map (haproxy_map.py) a rising share moves no user back, and every share can be met: it is the
way to go where the configuration may be written for it. By weights (haproxy_servers.py) a backend
is steered as it is. Either way HAProxy forgets what was set when it is reloaded: the file's figure
comes back, and is seen as set by somebody else, so let it be 0.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shadowmon.actuators.actuator import NothingToOpen, Place
from shadowmon.actuators.haproxy_map import MapEntry
from shadowmon.actuators.haproxy_servers import ServerWeights
from shadowmon.actuators.haproxy_socket import RuntimeApi
from shadowmon.records import Weight


_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$")]
_Path = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+$")]


class HAProxySettings(BaseModel):
    """Settings of `type: haproxy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(pattern=r"^(unix:/.+|.+:[0-9]+)$")
    """Of a `stats socket … level admin`: unix:/run/haproxy/admin.sock, or host:port."""
    map: _Path | None = None
    """The map's file, as the configuration names it; none: by the weights of `backend`."""
    key: _Name | None = None
    """Of the map's entry; none: the trial's name."""
    backend: _Name | None = None
    baseline: Annotated[tuple[_Name, ...], Field(min_length=1)] = ("baseline",)
    """Servers of the baseline."""
    optimized: Annotated[tuple[_Name, ...], Field(min_length=1)] = ("optimized",)
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.map is None) == (self.backend is None):
            msg = "name a map, or a backend, and not both"
            raise ValueError(msg)
        return self


class HAProxyWeights(NothingToOpen):
    """An actuator that sets an entry of a map, or the weights of one backend's servers."""

    Settings: ClassVar[type[BaseModel]] = HAProxySettings

    def __init__(self, way: MapEntry | ServerWeights) -> None:
        self._way = way

    @classmethod
    def of(cls, settings: HAProxySettings, place: Place) -> Self:
        """See `Actuator.of`."""
        api = RuntimeApi(settings.address, seconds=settings.timeout_seconds)
        if settings.map is not None:
            return cls(MapEntry(api, path=settings.map, key=settings.key or place.trial_id))
        return cls(
            ServerWeights(
                api,
                backend=settings.backend or "",
                baseline=settings.baseline,
                optimized=settings.optimized,
            )
        )

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        await self._way.set_weight(weight)

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        return await self._way.read_weight()
