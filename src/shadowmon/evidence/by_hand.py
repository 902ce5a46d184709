"""
An e-value, computed again from what was written down: slowly, one place and one bet at a time.

Whoever doubts a verdict should not have to trust the code that gave it. So a verdict's reasons are
written down with a receipt, and this file computes the e-value from that alone, with nothing but
Python's own arithmetic:

    log wealth of a bet = power x sum over places of count / unit x log(1 + bet x gain)
    log e from start    = log(sum over bets of share x wealth)
    log e               = log(half of it + half of the sum of what the fresh beginnings own)

Rule 1: nothing of evidence/ is imported here: a mistake there must not hide itself.
Rule 2: bets and shares are taken as they are written down, for any would do that are legal and were
fixed beforehand; that they are legal is looked at. What a place wins is computed from the claim.
Rule 3: when the fresh beginnings began is told by no count. What they own is written down, and is
added up here, not computed again.
"""

from __future__ import annotations

import math

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias


Json: TypeAlias = Mapping[str, Any]

TOLERANCE = 1e-9
"""By which two logarithms may differ: absolutely, or as a share of large ones."""

_TABLE = {
    "both no": (0, 0),
    "optimized only": (0, 1),
    "baseline only": (1, 0),
    "both yes": (1, 1),
}
_MISSING = "missing"
_ROUNDED = 1e-5
"""Scores of a histogram's places are written down with six digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """Natural logarithms."""

    from_start: float
    """Of the bets that all began with the first pair: computed again."""
    fresh: float | None
    """Of what the fresh beginnings own together: as written down; None if there are none."""
    log_e_value: float


def receipt(
    description: Json, counts: Sequence[int], fresh: Json | None, *, power: float = 1.0
) -> dict[str, Any]:
    """
    Write down what the e-value is computed from, as JSON.

    Args:
        description: Of the bets on the claim: `gains`, `units` and `places`, one for each count;
            `bets` and `shares`, one for each bet.
        counts: What the bets were on, the missing last.
        fresh: State of the restart chain, `copies`, `cut_at` and `log_wealth`; None without one.
        power: What each bet's wealth is raised to, where pairs go together.

    """
    steps = zip(
        description["places"], counts, description["units"], description["gains"], strict=True
    )
    told: dict[str, Any] = {
        "steps": [[place, count, unit, gain] for place, count, unit, gain in steps if count],
        "bets": list(description["bets"]),
        "shares": list(description["shares"]),
    }
    if power < 1:
        told["power"] = power
    if fresh is not None:
        told["fresh"] = {key: fresh[key] for key in ("copies", "cut_at", "log_wealth")}
    return told


def is_receipt(told: Json) -> bool:
    """Is everything there? Verdicts of older versions were written down without."""
    return {"steps", "bets", "shares"} <= told.keys()


def compute(told: Json) -> Computed:
    """Compute the e-value that a receipt is of."""
    power = told.get("power", 1.0)
    wealth = [
        math.fsum(
            [
                math.log(share),
                *(
                    power * count / unit * math.log1p(bet * gain)
                    for _, count, unit, gain in told["steps"]
                ),
            ]
        )
        for bet, share in zip(told["bets"], told["shares"], strict=True)
    ]
    from_start = _log_of_sum(wealth)
    if told.get("fresh") is None or not told["steps"]:
        return Computed(from_start=from_start, fresh=None, log_e_value=from_start)
    fresh = _log_of_sum(told["fresh"]["log_wealth"])
    half = math.log(2)
    both = _log_of_sum([from_start - half, fresh - half])
    return Computed(from_start=from_start, fresh=fresh, log_e_value=both)


def average(log_e_values: Iterable[float], weights: Iterable[float]) -> float:
    """Return the logarithm of the weighted average of e-values; every weight is above 0."""
    pairs = zip(log_e_values, weights, strict=True)
    return _log_of_sum([log_e + math.log(weight) for log_e, weight in pairs])


def agree(one: float, other: float) -> bool:
    """Are two logarithms the same, but for rounding?"""
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _log_of_sum(logarithms: Sequence[float]) -> float:
    top = max(logarithms)
    return top + math.log(math.fsum(math.exp(each - top) for each in logarithms))


# --- Were the bets legal, and on the claim? --------------------------------


def objections(claim: Json, counts: Iterable[int], told: Json) -> Iterator[str]:
    """
    Say what would make the e-value of a receipt none.

    Args:
        claim: `contrast`, `limit` and `side`, as in `records.Claim`.
        counts: What the verdict says was counted.
        told: The receipt.

    """
    if [count for count in counts if count] != [count for _, count, *_ in told["steps"]]:
        yield "it is not of the counts that the verdict was given on"
    if min(told["shares"]) <= 0 or math.fsum(told["shares"]) > 1 + TOLERANCE:
        yield "the shares are no division of 1"
    if min(told["bets"]) <= 0:
        yield "a bet is not above 0"
    seen = [gain for place, *_, gain in told["steps"] if not place.startswith(_MISSING)]
    for place, _, _, gain in told["steps"]:
        if 1 + Fraction(max(told["bets"])) * Fraction(gain) <= 0:
            yield f'a pair in the place "{place}" could cost more than all there is'
        if place.startswith(_MISSING):
            if not _is_worst(claim, gain, seen):
                yield "a missing pair does not lose as much as any pair could"
            continue
        expected = _gain(claim, place)
        if expected is not None and not math.isclose(gain, expected, abs_tol=_ROUNDED):
            yield f'the place "{place}" wins {gain:g}, of this claim it should be {expected:g}'


def _is_worst(claim: Json, gain: float, seen: Sequence[float]) -> bool:
    return gain == 0 if claim["contrast"] == "any_rise" else gain <= min(seen, default=gain)


def _gain(claim: Json, place: str) -> float | None:
    """Return what one unit wins in a place; None if it also depends on a sampling rate."""
    if place.endswith(" bp"):
        return None
    limit = Fraction(claim["limit"])
    both = _TABLE.get(place)
    score = _score(claim["contrast"], limit, *both) if both else Fraction(place)
    mean = limit if claim["contrast"] in {"mean", "absolute_rise"} else Fraction(0)
    return float(score - mean if claim["side"] == "worse" else mean - score)


def _score(contrast: str, limit: Fraction, baseline: int, optimized: int) -> Fraction:
    """A positive score is worse, on average, by as much as the contrast is above its limit."""
    match contrast:
        case "relative_drop":
            return (1 - limit) * baseline - optimized
        case "relative_rise":
            return optimized - (1 + limit) * baseline
        case _:
            return Fraction(optimized - baseline)
