"""
What Envoy is given for a weight, and what its version says. Pure.

Rule 1: both weights are always given, out of 10,000, and never both 0: Envoy answers 404 to all
        where both are.
Rule 2: a version is made from the content alone, `<weight>-<digest>`: the same weight has the same
        version before and after a restart of ours, so what an Envoy holds can be read from it.
"""

from __future__ import annotations

import copy
import enum
import json

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from shadowmon.records import ALL_TRAFFIC, Weight


class ResourceKind(enum.StrEnum):
    """Which discovery service a resource belongs to; the last word of its path."""

    RUNTIME = "runtime"
    """RTDS: the weights alone, beside a route that is Envoy's own."""
    ROUTES = "routes"
    """RDS: the whole route configuration."""


TYPE_URLS: Mapping[ResourceKind, str] = {
    ResourceKind.RUNTIME: "type.googleapis.com/envoy.service.runtime.v3.Runtime",
    ResourceKind.ROUTES: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The two clusters that a weight divides traffic between."""

    baseline: str
    optimized: str

    def weights(self, weight: Weight) -> dict[str, int]:
        """Return each one's weight, out of 10,000."""
        return {self.baseline: ALL_TRAFFIC - weight, self.optimized: int(weight)}


def runtime(name: str, prefix: str, clusters: Clusters, weight: Weight) -> dict[str, Any]:
    """Return a runtime layer; the keys are those of a route's `runtime_key_prefix`."""
    weights = clusters.weights(weight)
    return {
        "@type": TYPE_URLS[ResourceKind.RUNTIME],
        "name": name,
        "layer": {f"{prefix}.{cluster}": share for cluster, share in weights.items()},
    }


def routes(template: Mapping[str, Any], clusters: Clusters, weight: Weight) -> dict[str, Any]:
    """
    Return a route configuration with the weights put in.

    Clusters are validated by Envoy: with one that is unknown it keeps what it has, where it would
    answer 503 to all otherwise.
    """
    filled = copy.deepcopy(dict(template))
    weights = clusters.weights(weight)
    for split in splits(filled):
        for cluster in split["clusters"]:
            cluster["weight"] = weights[cluster["name"]]
    return filled | {"@type": TYPE_URLS[ResourceKind.ROUTES], "validate_clusters": True}


def splits(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """Return every `weighted_clusters` in a route configuration."""
    match value:
        case dict():
            for key, item in value.items():
                if key == "weighted_clusters":
                    yield item
                else:
                    yield from splits(item)
        case list():
            for item in value:
                yield from splits(item)
        case _:
            pass


def version_of(resource: Mapping[str, Any], weight: Weight) -> str:
    """Return the version of a resource that gives this weight."""
    written = json.dumps(resource, sort_keys=True, separators=(",", ":")).encode()
    return f"{weight}-{blake2b(written, digest_size=6).hexdigest()}"


def weight_in(version: str) -> Weight | None:
    """Return the weight that a version names; None if it is no version of ours."""
    number, dash, _ = version.partition("-")
    if not dash or not (number.isascii() and number.isdecimal()) or int(number) > ALL_TRAFFIC:
        return None
    return Weight(int(number))
