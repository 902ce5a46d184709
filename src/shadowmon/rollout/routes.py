"""
Which trial has a route's traffic.

Rule: at most one trial of a route may hold live weight; the others wait until it holds none.
"""

from __future__ import annotations

from collections.abc import Iterable

from shadowmon.records import RolloutState, RouteName, TrialId


def holder_of(route: RouteName, trials: Iterable[tuple[RouteName, RolloutState]]) -> TrialId | None:
    """
    Return the trial that has, or is to have, live weight on a route; None if none has.

    Args:
        route: The route.
        trials: Every trial's route, and where it stands, in the order of the configuration.
    """
    for its_route, state in trials:
        if its_route == route and (state.desired_weight or state.applied_weight):
            return state.trial_id
    return None
