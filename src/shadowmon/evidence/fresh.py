"""
The fresh beginnings of many claims: those that take weight away, and those that call a person.

Both chains (restart.py, alarm.py) of claims that have the same bets are brought up to date at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from shadowmon.evidence import alarm, restart
from shadowmon.evidence.eprocess import EProcess
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import Integers
from shadowmon.evidence.restart import Chain
from shadowmon.evidence.settings import EvidenceSettings


State: TypeAlias = Mapping[str, Any] | None
"""Of a chain, as JSON; None at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What the fresh beginnings of one claim's bets have come to."""

    log_e_value: float
    """Half of it and half of the bets that began with the first pair."""
    chain: Mapping[str, Any]
    watch: Mapping[str, Any]


def advance(
    states: Sequence[tuple[State, State]],
    process: EProcess,
    counts: Integers,
    *,
    pairs: Sequence[int],
    from_start: Floats,
    settings: EvidenceSettings,
    power: float,
) -> list[Fresh]:
    """
    Bring the chains of claims up to date.

    Args:
        states: Of each claim, its chain's and its watch's.
        process: The bets, the same of all.
        counts: (claims, places), what each bets on.
        pairs: In each account, missing ones too.
        from_start: (claims,), logarithms of the e-values whose bets began with the first pair.
        settings: How often a copy begins.
        power: What each bet's wealth is raised to.

    """
    chains = restart.advance_all(
        [_read(chain) for chain, _ in states],
        process,
        counts,
        pairs=pairs,
        restart_pairs=settings.restart_pairs,
        exponent=power,
    )
    watches = alarm.advance_all(
        [_read(watch) for _, watch in states],
        process,
        counts,
        pairs=pairs,
        restart_pairs=settings.restart_pairs,
        alarm_pairs=settings.alarm_pairs,
        exponent=power,
    )
    log_es = restart.log_e_values(from_start, chains).tolist()
    found = []
    for log_e, chain, watch in zip(log_es, chains, watches, strict=True):
        told = restart.to_json(chain)
        # Both are of the same account, which is long.
        watched = restart.to_json(watch) | {"counts": told["counts"]}
        found.append(Fresh(log_e_value=log_e, chain=told, watch=watched))
    return found


def _read(state: State) -> Chain | None:
    return None if state is None else restart.from_json(state)
