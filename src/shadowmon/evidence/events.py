"""
Complaints have no pair: only which model's user complained, and who served how much traffic.

If the optimized model serves the share w of the exchanges and its users complain at r times the
rate of the baseline's, then the next complaint is about it with the chance

    theta(r) = r w / ((1 - w) + r w),

whatever the rate itself is, and however it moves with the hour: that is all that is used. So each
event is one toss of a coin. The claim that r is above 1 + rise is bet on by a mixture of likelihood
ratios: an event of the optimized model multiplies the wealth of the bet on g by theta(g (1 + rise))
/ theta(1 + rise), one of the baseline by the same of 1 - theta. At r = 1 + rise the mean factor is
1, at less it is less, for every g above 1. So the wealth reaches 1/alpha with a chance of at most
alpha, at whatever moments it is looked at (eprocess.py). g below 1 bets on "r is below".

Events are kept as integers for each share w, in basis points, that traffic was divided by when the
exchange was served, so that accounts add and a ladder's stages do not mix.

Conditions: events are independent of one another given the traffic (count one per user); who is
served by whom is drawn, not chosen by the user.
"""

from __future__ import annotations

import math

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shadowmon.evidence.eprocess import log_sum_exp
from shadowmon.evidence.gains import Floats
from shadowmon.records import ALL_TRAFFIC, Side


_FACTORS: Floats = 1.2 * 1.4 ** np.arange(7.0)
"""How many times the limit each bet says it is: 1.2 to 9."""

_LOG_SHARES: Floats = -np.log(_FACTORS) - np.log((1 / _FACTORS).sum())
"""The less, the larger the share of the stake: a small rise takes the most events to prove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """How many events each model's exchanges had, by the share of traffic that it served."""

    baseline: Mapping[int, int] = field(default_factory=dict)
    """Optimized model's share in basis points -> events about the baseline."""
    optimized: Mapping[int, int] = field(default_factory=dict)


def merge(many: Iterable[Events]) -> Events:
    """Add up the events of many replicas."""
    baseline: Counter[int] = Counter()
    optimized: Counter[int] = Counter()
    for events in many:
        baseline.update(events.baseline)
        optimized.update(events.optimized)
    return Events(baseline=dict(baseline), optimized=dict(optimized))


def log_e_value(events: Events, *, rise: float, side: Side = Side.WORSE) -> float:
    """
    Return the logarithm of the e-value for the rate of events being beyond its limit.

    Args:
        events: All so far. Those at a share of 0 or 10 000 say nothing: one model served all.
        rise: The limit: by how much the optimized model's rate may be higher, 0.1 is a tenth.
        side: WORSE, that it is above the limit; BETTER, that it is below.

    Raises:
        ValueError: If the rise is not a number above -1.

    """
    if not -1 < rise < math.inf:
        message = f"rise is {rise}, allowed is above -1"
        raise ValueError(message)
    alternatives = _FACTORS if side is Side.WORSE else 1 / _FACTORS
    wealth = np.zeros(len(alternatives))
    for share in sorted({*events.baseline, *events.optimized}):
        if not 0 < share < ALL_TRAFFIC:
            continue
        theirs, null = _chance(share, (1 + rise) * alternatives), _chance(share, 1 + rise)
        wealth += events.optimized.get(share, 0) * np.log(theirs / null)
        wealth += events.baseline.get(share, 0) * np.log((1 - theirs) / (1 - null))
    return float(log_sum_exp(wealth + _LOG_SHARES))


def _chance(share: int, ratio: Floats | float) -> Floats:
    odds = np.asarray(ratio) * share / (ALL_TRAFFIC - share)
    chance: Floats = odds / (1 + odds)
    return chance


def to_json(events: Events) -> dict[str, Any]:
    """Return events as JSON."""
    return {
        "baseline": {str(share): count for share, count in events.baseline.items()},
        "optimized": {str(share): count for share, count in events.optimized.items()},
    }


def from_json(state: Mapping[str, Any]) -> Events:
    """Return the events that `to_json` wrote."""
    return Events(
        baseline={int(share): count for share, count in state["baseline"].items()},
        optimized={int(share): count for share, count in state["optimized"].items()},
    )
