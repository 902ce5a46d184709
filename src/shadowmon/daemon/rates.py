"""
At which rates a route's requests are sampled: its own, and those of its slices.

Rule 1: imports settings alone. The supervisor needs it, and is to stay a small process.
"""

from __future__ import annotations

from shadowmon.config.settings import Settings
from shadowmon.sticky import SPAN
from shadowmon.traffic.settings import RouteSettings


def rates_of(settings: Settings, route: str) -> tuple[int, ...]:
    """Return every rate, in basis points, at which a route's requests may be sampled."""
    slices = [each.sample_rate for each in settings.traffic.slices.values()]
    rates = [settings.routes[route].sample_rate, *(rate for rate in slices if rate is not None)]
    # A route that samples nothing of its own still may have slices that are sampled.
    return tuple(sorted({round(rate * SPAN) for rate in rates} - {0}, reverse=True)) or (SPAN,)


def first_rate(settings: Settings, route: str) -> float:
    """
    Return the share of a route's requests that is handed over at all.

    What a request's slices are is known only once it was read; then it is thinned to its own rate.
    """
    slices = [each.sample_rate or 0.0 for each in settings.traffic.slices.values()]
    return max(settings.routes[route].sample_rate, *slices, 0.0)


def sampled_routes(settings: Settings) -> dict[str, RouteSettings]:
    """Return every route with the share of its requests that is handed over (`first_rate`)."""
    return {
        name: route.model_copy(update={"sample_rate": first_rate(settings, name)})
        for name, route in settings.routes.items()
    }
