"""
Where the weight stands in each kind of object, and the patch that moves it. Pure.

Rule 1: a patch is guarded. It says first which object it is for (`test` of the resourceVersion) and
        which side it is about to change (`test` of its name), so that it never moves what it did
        not see.
Rule 2: a patch says levels: sent twice it does the same once.
Rule 3: where a third side gets traffic as well, nothing is moved: whose share it would be at the
        expense of was never decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from shadowmon.actuators.ratio import share_of
from shadowmon.errors import ActuatorError
from shadowmon.records import ALL_TRAFFIC, Weight


Operation: TypeAlias = dict[str, Any]
"""One operation of a JSON Patch (RFC 6902)."""

_PERCENT = 100


class Shape(Protocol):
    """What is to be known of one kind of object."""

    def read(self, found: Mapping[str, Any]) -> Weight:
        """
        Return the optimized side's share.

        Raises:
            ActuatorError: If the object does not divide traffic between the two sides.

        """
        ...

    def patch(self, found: Mapping[str, Any], weight: Weight) -> Sequence[Operation]:
        """
        Return the patch that gives the optimized side this share.

        Raises:
            ActuatorError: If the object does not divide traffic between the two sides, or cannot
                express that share.

        """
        ...


@dataclass(frozen=True, slots=True)
class _Side:
    """One entry of a list of weighted destinations."""

    name: str
    weight: int
    path: str
    """Of the entry, as a JSON Pointer."""
    name_path: str
    has_weight: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedSides:
    """An object that lists destinations with weights, in one rule or in several."""

    baseline: str
    optimized: str
    total: int
    """What the two weights add up to."""
    rules: Callable[[Mapping[str, Any]], Iterator[Sequence[_Side]]]

    def read(self, found: Mapping[str, Any]) -> Weight:
        """See `Shape.read`."""
        shares = set()
        for sides in self._divided(found):
            weights = {side.name: side.weight for side in sides}
            everything = sum(weights.values())
            if not everything:
                msg = f"both {self.baseline} and {self.optimized} have weight 0"
                raise ActuatorError(msg)
            shares.add(share_of(weights[self.optimized], everything))
        if len(shares) > 1:
            told = ", ".join(f"{share / 100:g}%" for share in sorted(shares))
            msg = f"its rules give {self.optimized} different shares: {told}"
            raise ActuatorError(msg)
        return shares.pop()

    def patch(self, found: Mapping[str, Any], weight: Weight) -> Sequence[Operation]:
        """See `Shape.patch`."""
        part, rest = divmod(weight * self.total, ALL_TRAFFIC)
        if rest:
            msg = (
                f"{weight / 100:g}% cannot be expressed by whole weights that add up to "
                f"{self.total}; choose another stage"
            )
            raise ActuatorError(msg)
        weights = {self.optimized: part, self.baseline: self.total - part}
        operations = [_is_still(found)]
        for sides in self._divided(found):
            for side in sides:
                operations.append({"op": "test", "path": side.name_path, "value": side.name})
                operations.append(
                    {
                        "op": "replace" if side.has_weight else "add",
                        "path": f"{side.path}/weight",
                        "value": weights[side.name],
                    }
                )
        return operations

    def _divided(self, found: Mapping[str, Any]) -> list[Sequence[_Side]]:
        """Return the rules that send to either of the two; each must send to both, and no other."""
        ours = sorted((self.baseline, self.optimized))
        divided = [sides for sides in self.rules(found) if any(side.name in ours for side in sides)]
        for sides in divided:
            names = sorted(side.name for side in sides)
            if names != ours:
                msg = (
                    f"one of its rules sends to {', '.join(names)}: it must list exactly "
                    f"{self.baseline} and {self.optimized}"
                )
                raise ActuatorError(msg)
        if not divided:
            msg = f"none of its rules sends to {self.baseline} and {self.optimized}"
            raise ActuatorError(msg)
        return divided


def http_route_rules(found: Mapping[str, Any]) -> Iterator[Sequence[_Side]]:
    """Return the backends of each rule of a Gateway API HTTPRoute; a weight left out is 1."""
    for at, rule in enumerate(_list(found, "spec", "rules")):
        yield [
            _Side(
                name=str(backend.get("name")),
                weight=int(backend.get("weight", 1)),
                path=f"/spec/rules/{at}/backendRefs/{place}",
                name_path=f"/spec/rules/{at}/backendRefs/{place}/name",
                has_weight="weight" in backend,
            )
            for place, backend in enumerate(rule.get("backendRefs") or ())
        ]


def virtual_service_rules(found: Mapping[str, Any]) -> Iterator[Sequence[_Side]]:
    """
    Return the destinations of each HTTP route of an Istio VirtualService.

    A destination is known by its subset where it has one, else by its host.
    """
    for at, rule in enumerate(_list(found, "spec", "http")):
        routes = rule.get("route") or ()
        yield [_destination(f"/spec/http/{at}/route/{n}", one) for n, one in enumerate(routes)]


def _destination(path: str, route: Mapping[str, Any]) -> _Side:
    destination = route.get("destination") or {}
    known_by = "subset" if destination.get("subset") else "host"
    return _Side(
        name=str(destination.get(known_by)),
        weight=int(route.get("weight", 0)),
        path=path,
        name_path=f"{path}/destination/{known_by}",
        has_weight="weight" in route,
    )


@dataclass(frozen=True, slots=True)
class CanaryPercent:
    """
    A KServe InferenceService: the part of the traffic that its latest revision gets, in percent.

    Without the field the latest revision gets all, so `add` is never `remove`.
    """

    def read(self, found: Mapping[str, Any]) -> Weight:
        """See `Shape.read`."""
        percent = _predictor(found).get("canaryTrafficPercent", _PERCENT)
        return Weight(int(percent) * ALL_TRAFFIC // _PERCENT)

    def patch(self, found: Mapping[str, Any], weight: Weight) -> Sequence[Operation]:
        """See `Shape.patch`."""
        _predictor(found)
        percent, rest = divmod(weight * _PERCENT, ALL_TRAFFIC)
        if rest:
            msg = f"{weight / 100:g}% is no whole percent, and KServe knows no other"
            raise ActuatorError(msg)
        path = "/spec/predictor/canaryTrafficPercent"
        return [_is_still(found), {"op": "add", "path": path, "value": percent}]


def _predictor(found: Mapping[str, Any]) -> Mapping[str, Any]:
    predictor = (found.get("spec") or {}).get("predictor")
    if not isinstance(predictor, Mapping):
        msg = "it has no spec.predictor"
        raise ActuatorError(msg)
    return predictor


def _is_still(found: Mapping[str, Any]) -> Operation:
    version = (found.get("metadata") or {}).get("resourceVersion")
    if not isinstance(version, str) or not version:
        msg = "it has no metadata.resourceVersion to guard a patch with"
        raise ActuatorError(msg)
    return {"op": "test", "path": "/metadata/resourceVersion", "value": version}


def _list(found: Mapping[str, Any], *keys: str) -> Sequence[Mapping[str, Any]]:
    value: Any = found
    for key in keys:
        value = (value or {}).get(key)
    return value or ()
