"""
Envoy, which asks us for its weights over REST (gates/xds.py), by runtime or by route discovery.

With `runtime` (the default) the route stands in Envoy's own configuration, with static weights that
give everything to the baseline; what we hand out are two runtime keys. An Envoy that starts while
shadowmon is down serves those static weights; one that runs keeps the last ones. By routes (with
`route_configuration`) an Envoy that starts while shadowmon is down knows no route and answers 404.

What somebody sets by Envoy's admin port (`/runtime_modify`) lies above our layer and is not seen
here.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shadowmon.actuators.actuator import NothingToOpen, Place
from shadowmon.actuators.envoy_fleet import Fleet
from shadowmon.actuators.envoy_resources import (
    Clusters,
    ResourceKind,
    routes,
    runtime,
    splits,
    version_of,
    weight_in,
)
from shadowmon.clock import Clock
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight


_NAMED_MAX = 3
"""Nodes that an error names."""


class EnvoySettings(BaseModel):
    """Settings of `type: envoy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Annotated[str, Field(min_length=1)] | None = None
    """Name of the runtime layer, or of the route configuration; none: the trial's name."""
    runtime_key_prefix: Annotated[str, Field(min_length=1)] | None = None
    """The route's own `runtime_key_prefix`; none: `shadowmon.<trial>`."""
    baseline_cluster: str = "baseline"
    optimized_cluster: str = "optimized"
    route_configuration: dict[str, Any] | None = None
    """An envoy.config.route.v3.RouteConfiguration whose `weighted_clusters` we fill in, handed out
    by route discovery; none: runtime discovery."""
    confirm_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long every Envoy may take to say that it has taken a weight; its `refresh_delay` counts
    up to twice."""
    forget_seconds: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """An Envoy that has not asked for this long is gone, and asked about no more."""

    @model_validator(mode="after")
    def _two_clusters(self) -> Self:
        if self.baseline_cluster == self.optimized_cluster:
            msg = "baseline_cluster and optimized_cluster are the same"
            raise ValueError(msg)
        if self.route_configuration is None:
            return self
        both = sorted((self.baseline_cluster, self.optimized_cluster))
        found = list(splits(self.route_configuration))
        names = [sorted(str(each.get("name")) for each in split["clusters"]) for split in found]
        if not found or any(each != both for each in names):
            msg = (
                "route_configuration must hold weighted_clusters, each with exactly the clusters "
                f"{self.baseline_cluster} and {self.optimized_cluster}"
            )
            raise ValueError(msg)
        return self


class EnvoyWeights(NothingToOpen):
    """An actuator that is asked: what it was told is handed out, and confirmed by who took it."""

    Settings: ClassVar[type[BaseModel]] = EnvoySettings

    def __init__(self, settings: EnvoySettings, *, name: str, prefix: str, clock: Clock) -> None:
        self.name = name
        self.kind = ResourceKind.ROUTES if settings.route_configuration else ResourceKind.RUNTIME
        self.version: str | None = None
        """Of what is handed out; None before a weight was set: Envoys keep what they have."""
        self._settings = settings
        self._prefix = prefix
        self._clock = clock
        self._clusters = Clusters(
            baseline=settings.baseline_cluster, optimized=settings.optimized_cluster
        )
        self._weight: Weight | None = None
        self._fleet = Fleet(forget_seconds=settings.forget_seconds)
        self._news = asyncio.Event()

    @classmethod
    def of(cls, settings: EnvoySettings, place: Place) -> Self:
        """See `Actuator.of`."""
        given = settings.route_configuration or {}
        return cls(
            settings,
            name=str(given.get("name") or settings.resource or place.trial_id),
            prefix=settings.runtime_key_prefix or f"shadowmon.{place.trial_id}",
            clock=place.clock,
        )

    # --- what Envoys ask ---

    def resource(self) -> Mapping[str, Any]:
        """
        Return what is handed out.

        Raises:
            LookupError: If no weight was set yet.

        """
        if self._weight is None:
            msg = f"no weight was set yet for {self.name}"
            raise LookupError(msg)
        return self._resource(self._weight)

    def note(self, node: str, version: str, is_connected: Callable[[], bool]) -> None:
        """Take in that an Envoy asked; see `Fleet.note`."""
        self._fleet.note(node, version, self._clock.monotonic(), is_connected)
        self._tell()

    async def changed(self, version: str) -> None:
        """Return once something else than `version` is to be handed out."""
        while self.version is None or self.version == version:
            await self._news.wait()

    def applied(self) -> Mapping[str, str]:
        """Return the version that each Envoy holds, by node; for people."""
        return self._fleet.versions(self._clock.monotonic())

    # --- what the rollout asks ---

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        self._weight = weight
        self.version = version_of(self._resource(weight), weight)
        self._tell()
        try:
            async with asyncio.timeout(self._settings.confirm_seconds):
                while self._doubt():
                    await self._news.wait()
        except TimeoutError:
            raise ActuatorError(self._doubt()) from None

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        if self._weight is None:
            return self._found()
        if doubt := self._doubt():
            raise ActuatorError(doubt)
        return self._weight

    def _found(self) -> Weight | None:
        """Return what all Envoys hold from before our restart, if it is one and the same."""
        held = set(self.applied().values())
        if len(held) != 1:
            return None
        version = held.pop()
        weight = weight_in(version)
        if weight is None or version != version_of(self._resource(weight), weight):
            return None
        return weight

    def _doubt(self) -> str:
        """Say why it is not known that the weight is in effect; empty if it is."""
        applied = self.applied()
        if not applied:
            return (
                f"no Envoy asks for {self.kind} {self.name}: let its rtds_layer (or rds) of that "
                "name point at console.listen"
            )
        behind = [node for node, version in applied.items() if version != self.version]
        if not behind:
            return ""
        named = ", ".join(behind[:_NAMED_MAX]) + (", …" if len(behind) > _NAMED_MAX else "")
        return (
            f"{len(behind)} of {len(applied)} Envoys have not taken {self.kind} {self.name} "
            f"version {self.version}: {named}; see their log and "
            f"{'runtime.update_rejected' if self.kind is ResourceKind.RUNTIME else 'rds'} in /stats"
        )

    def _resource(self, weight: Weight) -> dict[str, Any]:
        if self._settings.route_configuration is not None:
            return routes(self._settings.route_configuration, self._clusters, weight)
        return runtime(self.name, self._prefix, self._clusters, weight)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
