"""
One object's weight, moved by patches that are guarded: read, patch what was read, read again.

A patch that came too late (somebody else changed the object), or whose answer was lost, is followed
by another reading, never by the same patch again: so no step is ever made twice.

What is read back is what the object asks for. How soon the gateway does it is the gateway's matter.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from shadowmon.actuators.actuator import Place
from shadowmon.actuators.kubernetes.api import Api, ApiSettings, KubernetesName, StaleError
from shadowmon.actuators.kubernetes.objects import (
    CanaryPercent,
    Shape,
    WeightedSides,
    http_route_rules,
    virtual_service_rules,
)
from shadowmon.clock import Clock
from shadowmon.errors import ActuatorError
from shadowmon.records import ALL_TRAFFIC, Weight


_TRIES = 4
_PAUSE_SECONDS = 0.1
"""Before the second try; twice as long before each further one."""


class Patcher:
    """An actuator that patches one object."""

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, api: Api, shape: Shape, what: str, clock: Clock) -> None:
        self._api = api
        self._shape = shape
        self._what = what
        self._clock = clock
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self._api)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        problem = ""
        for turn in range(_TRIES):
            if turn:
                await self._clock.sleep(_PAUSE_SECONDS * 2 ** (turn - 1))
            found = await self._api.get()
            try:
                operations = self._shape.patch(found, weight)
                # Where the weight is not readable, as with two rules that differ, it is patched.
                if self._is_there(found, weight):
                    return
            except ActuatorError as error:
                msg = f"{self._what}: {error}"
                raise ActuatorError(msg) from None
            try:
                await self._api.patch(operations)
            except StaleError as error:
                problem = str(error)
                continue
            return
        msg = f"{self._what}: not patched in {_TRIES} tries, the last time for: {problem}"
        raise ActuatorError(msg)

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        found = await self._api.get()
        try:
            return self._shape.read(found)
        except ActuatorError as error:
            msg = f"{self._what}: {error}"
            raise ActuatorError(msg) from None

    def _is_there(self, found: object, weight: Weight) -> bool:
        try:
            return self._shape.read(found) == weight  # type: ignore[arg-type] # as `get` returned it
        except ActuatorError:
            return False


class GatewayApiSettings(ApiSettings):
    """Settings of `type: gateway_api`."""

    namespace: KubernetesName = "default"
    name: KubernetesName
    """Of the HTTPRoute."""
    baseline: KubernetesName
    """The name in `backendRefs`."""
    optimized: KubernetesName
    version: Literal["v1", "v1beta1"] = "v1"


class GatewayApi(Patcher):
    """The weights of an HTTPRoute's backends, which add up to 10,000."""

    Settings: ClassVar[type[BaseModel]] = GatewayApiSettings

    @classmethod
    def of(cls, settings: GatewayApiSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        group = f"gateway.networking.k8s.io/{settings.version}"
        path = f"/apis/{group}/namespaces/{settings.namespace}/httproutes/{settings.name}"
        shape = WeightedSides(
            baseline=settings.baseline,
            optimized=settings.optimized,
            total=ALL_TRAFFIC,
            rules=http_route_rules,
        )
        what = f"HTTPRoute {settings.namespace}/{settings.name}"
        return cls(Api(settings, path, place.clock), shape, what, place.clock)


class IstioSettings(ApiSettings):
    """Settings of `type: istio`."""

    namespace: KubernetesName = "default"
    name: KubernetesName
    """Of the VirtualService."""
    baseline: str
    """The destination's subset where it has one, else its host."""
    optimized: str
    total: Annotated[int, Field(ge=100, le=10_000)] = 100
    """What the weights add up to. 100 is right everywhere; more where Istio takes it (its weights
    are relative since 1.15), for shares finer than a percent."""
    version: Literal["v1", "v1beta1", "v1alpha3"] = "v1"


class Istio(Patcher):
    """The weights of a VirtualService's HTTP destinations."""

    Settings: ClassVar[type[BaseModel]] = IstioSettings

    @classmethod
    def of(cls, settings: IstioSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        group = f"networking.istio.io/{settings.version}"
        path = f"/apis/{group}/namespaces/{settings.namespace}/virtualservices/{settings.name}"
        shape = WeightedSides(
            baseline=settings.baseline,
            optimized=settings.optimized,
            total=settings.total,
            rules=virtual_service_rules,
        )
        what = f"VirtualService {settings.namespace}/{settings.name}"
        return cls(Api(settings, path, place.clock), shape, what, place.clock)


class KServeSettings(ApiSettings):
    """Settings of `type: kserve`."""

    namespace: KubernetesName = "default"
    name: KubernetesName
    """Of the InferenceService whose latest revision is the optimized model."""


class KServe(Patcher):
    """The part that an InferenceService's latest revision gets, in whole percents."""

    Settings: ClassVar[type[BaseModel]] = KServeSettings

    @classmethod
    def of(cls, settings: KServeSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        group = "serving.kserve.io/v1beta1"
        path = f"/apis/{group}/namespaces/{settings.namespace}/inferenceservices/{settings.name}"
        what = f"InferenceService {settings.namespace}/{settings.name}"
        return cls(Api(settings, path, place.clock), CanaryPercent(), what, place.clock)
