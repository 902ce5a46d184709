"""Which route is this request on? Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.records import RouteName
from shadowmon.traffic.settings import RouteSettings


class Routing:
    """The routes, longest prefix first."""

    def __init__(self, routes: Mapping[str, RouteSettings]) -> None:
        by_length = sorted(routes, key=lambda name: len(routes[name].path_prefix), reverse=True)
        self._routes = [(routes[name].path_prefix, RouteName(name)) for name in by_length]

    def route_of(self, target: str) -> RouteName | None:
        """
        Return the route with the longest prefix of the target's path; None if there is none.

        Args:
            target: As on the wire; a proxy's absolute form (RFC 9112 section 3.2.2) is read too.
        """
        path = path_of(target)
        return next((name for prefix, name in self._routes if path.startswith(prefix)), None)


def path_of(target: str) -> str:
    """Return the path of a request's target, without its query."""
    path = target.partition("?")[0]
    if path.startswith("/"):
        return path
    _, scheme, rest = path.partition("://")
    return "/" + rest.partition("/")[2] if scheme else path
