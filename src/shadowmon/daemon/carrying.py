"""
The weights that a new generation of processes begins with.

A reload starts a new page of shared memory. Until the control process has put the stored weights on
it the workers would send everything to the baselines: a model that serves all of a route would lose
its users for as long as that takes, and the baseline may not be there for so many any more. So the
old page's weights go on, as they do where a control process died.

Rule: only of a trial that is what it was, its route and its models included. Another model, or
another version, begins with nothing until the control process says otherwise.
"""

from __future__ import annotations

from shadowmon.config.settings import Settings
from shadowmon.ipc.board import Board, TrialCell


def carry_weights(before: Settings, old: Board, after: Settings, new: Board) -> None:
    """
    Put on the new page what the old one says of each trial that did not change.

    Args:
        before: What the old page's trials are.
        old: The page that is left; its control process has ended.
        after: What the new page's trials are.
        new: The page that nobody has written on yet.

    """
    places = {trial_id: place for place, trial_id in enumerate(before.trials)}
    for place, trial_id in enumerate(after.trials):
        if trial_id in places and _meaning(before, trial_id) == _meaning(after, trial_id):
            new.set_trial(place, TrialCell.WEIGHT, old.weight(places[trial_id]))


def _meaning(settings: Settings, trial_id: str) -> tuple[object, ...]:
    trial = settings.trials[trial_id]
    route = settings.routes[trial.route]
    models = (settings.models[route.baseline], settings.models[trial.optimized])
    return trial, route, models
