"""The daemon's journal as its API tells it, and what the demo reads out of it; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One journal entry; fields that are not named here are let through."""

    number: int
    at: datetime
    trial: str
    kind: str
    sentence: str
    data: dict[str, Any] = {}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a verdict's reason that the demo's table shows."""

    rule: str
    grade: str
    claim: dict[str, Any]
    count: int
    log_e_needed: float
    log_e_value: float | None = None
    """None where it is minus infinity, which JSON cannot say."""
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    recompute: dict[str, Any] = {}


def of(lines: Iterable[Line], trial: str) -> list[Line]:
    """Return one trial's lines, oldest first."""
    return [line for line in lines if line.trial == trial]


def verdict_before(lines: Sequence[Line], move: Line) -> Line | None:
    """Return the verdict that a move was made on: the newest of the same trial before it."""
    before = [
        line
        for line in lines
        if line.kind == "verdict" and line.trial == move.trial and line.number < move.number
    ]
    return before[-1] if before else None


def reasons(verdict: Line) -> list[Reason]:
    """Return a verdict's reasons, the deciding one first."""
    return [msgspec.convert(each, Reason) for each in verdict.data.get("reasons", ())]


def weight_reached(lines: Iterable[Line], trial: str, weight: float) -> Line | None:
    """Return the first line that says this trial's weight was applied; `weight` is a share."""
    return next(
        (
            line
            for line in lines
            if line.trial == trial
            and line.kind == "weight_applied"
            and line.data["weight"] == round(weight * 10_000)
        ),
        None,
    )
