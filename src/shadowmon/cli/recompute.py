"""
An explanation's e-values, computed again by the slow twin (evidence/by_hand.py).

Rule: what cannot be computed again is told as such, and is no agreement.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from shadowmon.console.plain import plain
from shadowmon.evidence import by_hand


Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One e-value, computed again."""

    lines: tuple[str, ...]
    holds: bool
    log_e_value: float | None = None
    """As computed again."""


def checks(told: Json) -> Iterator[Check]:
    """Compute every e-value of an explanation again: of each armed rule, then of their average."""
    found = [(rule, _of_rule(rule)) for rule in told["rules"] if rule["armed"]]
    yield from (check for _, check in found)
    averaged = [
        (check.log_e_value, weight)
        for rule, check in found
        if (weight := rule["recompute"].get("weight_in_average")) is not None
    ]
    if averaged and all(log_e is not None for log_e, _ in averaged):
        yield _of_average(told["roll_back"], [(log_e or 0.0, weight) for log_e, weight in averaged])


def _of_rule(rule: Json) -> Check:
    name, receipt = plain(rule["rule"]), rule["recompute"]
    if not by_hand.is_receipt(receipt):
        line = f"{name}: cannot be computed again: the bets were not written down with it"
        return Check(lines=(line,), holds=False)
    again = by_hand.compute(receipt)
    told = _float(rule["log_e_value"])
    same = by_hand.agree(told, again.log_e_value)
    objections = list(by_hand.objections(rule["claim"], rule["counts"], receipt))
    return Check(
        lines=(
            _compared(name, told, again.log_e_value, same=same),
            *_of_chain(again),
            *(f"  but {plain(objection)}" for objection in objections),
        ),
        holds=same and not objections,
        log_e_value=again.log_e_value,
    )


def _of_chain(again: by_hand.Computed) -> Iterator[str]:
    if again.fresh is not None:
        yield (
            f"  from the first pair {again.from_start:.12g}, computed again; fresh beginnings "
            f"{again.fresh:.12g}, as written down: no count tells when they began"
        )


def _of_average(race: Json, terms: list[tuple[float, float]]) -> Check:
    told = _float(race["log_e_value"])
    again = by_hand.average([log_e for log_e, _ in terms], [weight for _, weight in terms])
    same = by_hand.agree(told, again)
    line = _compared("all rules that can take weight away", told, again, same=same)
    return Check(lines=(line,), holds=same, log_e_value=again)


def _compared(name: str, told: float, again: float, *, same: bool) -> str:
    word = "the same" if same else "NOT THE SAME"
    return f"{name}: log e-value {told:.12g} then, {again:.12g} by hand: {word}"


def _float(value: float | None) -> float:
    """The API writes minus infinity as null."""
    return -math.inf if value is None else value
