"""Which route a request is on."""

from __future__ import annotations

import pytest

from shadowmon.traffic.routing import Routing
from shadowmon.traffic.settings import RouteSettings


def routing(**prefixes: str) -> Routing:
    return Routing({n: RouteSettings(path_prefix=p, baseline="b") for n, p in prefixes.items()})


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/v1/chat/completions", "chat"),
        ("/v1/chat?x=/v2", "chat"),
        ("/v1/models", "v1"),
        ("http://api.example/v1/chat/completions", "chat"),
        ("http://api.example", None),
        ("/v2", None),
        ("*", None),
        ("", None),
    ],
)
def test_longest_prefix_wins(target: str, route: str | None) -> None:
    """A request is on the route with the longest prefix of its path, or on none."""
    assert routing(v1="/v1", chat="/v1/chat").route_of(target) == route


def test_everything_is_on_the_root() -> None:
    """The default prefix takes every path."""
    assert routing(all="/").route_of("http://api.example") == "all"
