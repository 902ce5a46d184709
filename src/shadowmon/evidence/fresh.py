"""
The fresh beginnings of many claims: those that take weight away, and those that call a person.

Both chains (restart.py, alarm.py) of claims that have the same bets are brought up to date at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from shadowmon.evidence import alarm, chains, restart
from shadowmon.evidence.chains import Rows, State
from shadowmon.evidence.eprocess import EProcess
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.settings import EvidenceSettings


Before: TypeAlias = tuple[State | None, State | None]
"""What was told of a claim's chain, and of its watch; None at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What the fresh beginnings of one claim's bets have come to."""

    log_e_value: float
    """Half of it and half of the bets that began with the first pair."""
    chain: State
    watch: State


def advance(
    states: Sequence[Before],
    process: EProcess,
    counts: Sequence[Sequence[int]],
    *,
    rows: Rows,
    pairs: Sequence[int],
    from_start: Floats,
    settings: EvidenceSettings,
    power: float,
) -> list[Fresh]:
    """
    Bring the chains of claims up to date.

    Args:
        states: Of each claim.
        process: The bets, the same of all.
        counts: Of each claim, what it bets on, as JSON; these very objects are told.
        rows: What holds these counts, and those of the states: see `rows_of`.
        pairs: In each account, missing ones too.
        from_start: (claims,), logarithms of the e-values whose bets began with the first pair.
        settings: How often a copy begins.
        power: What what came since the look before is raised to; it must be known since then.

    """
    grown_to, seen = rows.of(counts), np.array(pairs, dtype=np.int64)
    after = restart.advance_all(
        chains.read([chain for chain, _ in states], process, rows),
        process,
        grown_to,
        pairs=seen,
        restart_pairs=settings.restart_pairs,
        exponent=power,
    )
    watched = alarm.advance_all(
        chains.read([watch for _, watch in states], process, rows),
        process,
        grown_to,
        pairs=seen,
        restart_pairs=settings.restart_pairs,
        alarm_pairs=settings.alarm_pairs,
        exponent=power,
    )
    log_es = restart.log_e_values(from_start, after.log_wealth).tolist()
    told = zip(log_es, chains.tell(after, counts), chains.tell(watched, counts), strict=True)
    return [Fresh(log_e_value=log_e, chain=chain, watch=watch) for log_e, chain, watch in told]


def rows_of(counts: Sequence[Sequence[int]], states: Iterable[Before]) -> Rows:
    """Read, once, what claims bet on now and what they did when their chains were told."""
    places = len(counts[0])
    before = [state["counts"] for both in states for state in both if state is not None]
    return Rows([*counts, *(row for row in before if len(row) == places)])
