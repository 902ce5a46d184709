"""
An explanation on one screen: where a trial stands, what holds it, which claims decide, what next.

Pure: the JSON of the API in, lines out. The whole is cli/explain.py's, with --all.

Rule: each number here stands in the whole as well, to be computed again from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from shadowmon.console.plain import plain
from shadowmon.console.waits import waits


Json: TypeAlias = Mapping[str, Any]

_SHOWN = 3
"""Claims of each kind: with them it fits a terminal of 24 lines."""
_DONE = 100.0

_NEXT: Mapping[str, str] = {
    "wait": "pairs bring the evidence by themselves; `shadowmon plan FILE` says how many it takes",
    "accept": "nothing: it climbs by itself as soon as nothing holds it",
    "review": "a person decides: end it with `shadowmon roll-back {trial} --reason …`, or write a "
    "looser limit and put it in force with `shadowmon loosen {trial} --reason …`",
    "reject": "it needs another build, or a person: the loss is proven beyond what may be accepted",
    "red_line": "find out what happened before anything else; docs/runbooks/ begins where to look",
}
"""What a person may do, by the verdict's grade."""


def summary(told: Json, trial: Json | None) -> Iterator[str]:
    """
    Write what decides; after the verdict itself.

    Args:
        told: The answer of GET /api/v1/trials/{trial}/explain.
        trial: The answer of GET /api/v1/trials/{trial}; None where the past is explained.

    """
    if trial is not None:
        yield f"stands     {_standing(trial)}"
        yield from (f"held       {line}" for line in waits(trial))
        yield from _next(told, trial)
    armed = [rule for rule in told["rules"] if rule["armed"]]
    climbs = [rule for rule in armed if is_climb(rule)]
    ends = [rule for rule in armed if _rolls_back(rule)]
    yield from _claims("a climb waits for; the least proven first", sorted(climbs, key=_percent))
    nearest = sorted(ends, key=lambda rule: (not rule["breached"], -_percent(rule)))
    yield from _claims("would roll it back; the nearest to proof first", nearest)
    yield f"all that can take weight away, averaged: {_proven(told['roll_back'])}"
    entry = f" --entry {told['entry']}" if told["entry"] is not None else ""
    yield (
        f"All {len(told['rules'])} rules with their counts, bets and e-values: "
        f"shadowmon explain {plain(told['trial'])}{entry} --all"
    )


def is_climb(rule: Json) -> bool:
    """Is it one of the rules that a climb waits for? `borderline` is proven below a limit too."""
    return bool(rule["claim"]["side"] == "better" and rule["rule"] != "borderline")


def _rolls_back(rule: Json) -> bool:
    return rule["claim"]["side"] == "worse" and rule["weight_in_average"] is not None


def claim(rule: Json) -> str:
    """Write a rule's claim: `relative_drop of correct in slice all is below 0.05`."""
    said = rule["claim"]
    side = "above" if said["side"] == "worse" else "below"
    return (
        f"{plain(said['contrast'])} of {plain(said['metric'])} in slice {plain(said['slice'])} "
        f"is {side} {figure(said['limit'])}"
    )


def measured(rule: Json) -> str:
    """Write what was measured: `0.012 [0.008, 0.016] over 2310 pairs`."""
    band = f"[{figure(rule['lower'])}, {figure(rule['upper'])}]"
    return f"{figure(rule['estimate'])} {band} over {rule['count']} pairs"


def figure(value: float | None) -> str:
    """Write a number; a dash for one that is not there."""
    return "-" if value is None else f"{value:.6g}"


def _standing(trial: Json) -> str:
    at = trial["state"]["stage_index"]
    stage = f", stage {plain(trial['stages'][at]['name'])}" if at >= 0 else ""
    paused = ", paused" if trial["paused"] else ""
    wants, has = trial["desired_weight"], trial["applied_weight"]
    return (
        f"{trial['phase'].replace('_', ' ')}{stage}{paused}: wants {_share(wants)}, has "
        f"{_share(has)} of the traffic; {trial['pairs']:,} pairs, {trial['pairs_in_stage']:,} of "
        "them in this stage"
    )


def _share(weight: Json | None) -> str:
    return "?" if weight is None else f"{weight['percent']:g} %"


def _next(told: Json, trial: Json) -> Iterator[str]:
    verdict = told["verdict"]
    if verdict is None:
        yield "next       send requests: no pair was judged yet (`shadowmon status` counts them)"
        return
    grade = "review" if verdict["grade"] == "borderline" else verdict["grade"]
    yield f"next       {_NEXT[grade].format(trial=plain(trial['id']))}"


def _claims(title: str, rules: Sequence[Json]) -> Iterator[str]:
    if not rules:
        return
    more = f" ({len(rules) - _SHOWN} more)" if len(rules) > _SHOWN else ""
    yield f"claims that {title}{more}:"
    for rule in rules[:_SHOWN]:
        breached = ", BREACHED" if rule["breached"] else ""
        yield f"  {plain(rule['rule'])}: {_proven(rule)}{breached}: {claim(rule)}"
        yield f"    measured {measured(rule)}"


def _proven(race: Json) -> str:
    share = _percent(race)
    return "proven" if share >= _DONE else f"{int(share)} % of proof"


def _percent(race: Json) -> float:
    return race["percent_of_need"] or 0.0
