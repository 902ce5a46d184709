"""
What is sampled and then judged now and then has a probability that accounts can tell.

Accounts know rates in ten-thousandths (evidence/sampling.py). Where two draws follow one another
and their product is no whole number of them, some pairs would weigh a third too much or too little,
and a mean over all of them would not be that of all traffic.
"""

from __future__ import annotations

import math

from collections.abc import Iterator

from shadowmon.config.keys import written
from shadowmon.config.measures import assessors_of
from shadowmon.config.settings import Settings
from shadowmon.errors import Complaint
from shadowmon.evidence.sampling import EVERY_ONE, both


_TOLERANCE = 0.01


def sampling(settings: Settings) -> Iterator[Complaint]:
    """Complain of a judge's share that makes a probability which no account can tell."""
    judge = settings.assessors.judge
    judged = {
        trial.route
        for trial in settings.trials.values()
        if "judge" in assessors_of(settings, trial)
    }
    if judge is None or not judged:
        return
    for key, rate in _sample_rates(settings, judged):
        for name in ("share", "share_different"):
            share = getattr(judge, name)
            if not _can_be_told(rate, share):
                yield Complaint(
                    key=f"assessors.judge.{name}",
                    problem=f"{share:g} of the {rate:g} that {key} samples are "
                    f"{EVERY_ONE * rate * share:.3g} in {EVERY_ONE:,}: pairs would be weighed "
                    "wrongly, for rates are known in whole ones",
                    hint="choose both so that their product is a multiple of 0.0001, or 0.005 and "
                    "more",
                )


def _sample_rates(settings: Settings, routes: set[str]) -> Iterator[tuple[str, float]]:
    for name, route in settings.routes.items():
        if name in routes and route.sample_rate:
            yield written(("routes", name, "sample_rate")), route.sample_rate
    for name, each in settings.traffic.slices.items():
        if each.sample_rate is not None:
            yield written(("traffic", "slices", name, "sample_rate")), each.sample_rate


def _can_be_told(rate: float, share: float) -> bool:
    told = both(round(rate * EVERY_ONE), round(share * EVERY_ONE))
    return math.isclose(told, rate * share * EVERY_ONE, rel_tol=_TOLERANCE)
