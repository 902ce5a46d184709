"""
The fresh beginnings of bets that run: of one claim, of many at once in arrays, and as JSON.

What they are, and when a copy begins, says restart.py.

Rule: a state whose shape does not fit the bets counts as lost, and is never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence.eprocess import EProcess
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import Integers
from shadowmon.records import Counts


State: TypeAlias = Mapping[str, Any]
"""A chain as JSON. Every float is finite and survives the round trip exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The running copies of one claim's bets."""

    copies: int
    """How many have begun: the number of the next one."""
    cut_at: int
    """Pairs in the account, missing ones too, when the newest copy began."""
    counts: Counts
    """The account as it was when the wealth was last brought up to date."""
    log_wealth: tuple[float, ...]
    """For each bet, the logarithm of the sum of share x wealth over all copies."""


def to_json(chain: Chain) -> dict[str, Any]:
    """Return the chain as JSON."""
    return {
        "copies": chain.copies,
        "cut_at": chain.cut_at,
        "counts": list(chain.counts),
        "log_wealth": list(chain.log_wealth),
    }


def from_json(state: State) -> Chain:
    """Return the chain that a state is of."""
    counts: Sequence[int] = state["counts"]
    wealth: Sequence[float] = state["log_wealth"]
    return Chain(
        copies=state["copies"],
        cut_at=state["cut_at"],
        counts=tuple(counts),
        log_wealth=tuple(wealth),
    )


# --- Many at once ----------------------------------------------------------


class Rows:
    """Accounts as an array. What is one and the same object is read once: most of them are."""

    def __init__(self, rows: Iterable[Sequence[int]]) -> None:
        # They are held here, so that no other object comes by the number of one that is gone.
        self._rows = {id(row): row for row in rows}
        self._place = {each: place for place, each in enumerate(self._rows)}
        self._array: Integers = np.array(list(self._rows.values()), dtype=np.int64)

    def of(self, rows: Iterable[Sequence[int]]) -> Integers:
        """Return some of them, (rows, places)."""
        array: Integers = self._array[[self._place[id(row)] for row in rows]]
        return array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """The same as `Chain` of many claims that have the same bets."""

    has_begun: NDArray[np.bool_]
    """(claims,); of the others nothing is known, and all else is 0."""
    copies: Integers
    cut_at: Integers
    counts: Integers
    """(claims, places)"""
    log_wealth: Floats
    """(claims, bets)"""


def read(states: Sequence[State | None], process: EProcess, rows: Rows | None = None) -> Chains:
    """
    Return the chains that states are of.

    Args:
        states: None of a chain that has not begun, or was lost.
        process: The bets of all of them.
        rows: What holds the accounts of all states that fit the bets; made if there is none.

    """
    places, bets = process.log_factors.shape
    fit = [state if fits(state, process) else None for state in states]
    known = [number for number, state in enumerate(fit) if state is not None]
    told = [state for state in fit if state is not None]
    chains = Chains(
        has_begun=np.zeros(len(fit), dtype=np.bool_),
        copies=np.zeros(len(fit), dtype=np.int64),
        cut_at=np.zeros(len(fit), dtype=np.int64),
        counts=np.zeros((len(fit), places), dtype=np.int64),
        log_wealth=np.zeros((len(fit), bets)),
    )
    if told:
        accounts = [state["counts"] for state in told]
        chains.has_begun[known] = True
        chains.copies[known] = [state["copies"] for state in told]
        chains.cut_at[known] = [state["cut_at"] for state in told]
        chains.counts[known] = (rows or Rows(accounts)).of(accounts)
        chains.log_wealth[known] = [state["log_wealth"] for state in told]
    return chains


def fits(state: State | None, process: EProcess) -> bool:
    """Is this the state of a chain of these bets?"""
    if state is None:
        return False
    return (len(state["counts"]), len(state["log_wealth"])) == process.log_factors.shape


def tell(chains: Chains, counts: Iterable[Sequence[int]]) -> Iterator[dict[str, Any]]:
    """
    Return the states of chains.

    Args:
        chains: All have begun.
        counts: Their `counts`, as JSON. They are long: these very objects are told.

    """
    copies, cuts = chains.copies.tolist(), chains.cut_at.tolist()
    for number, cut_at, row, wealth in zip(
        copies, cuts, counts, chains.log_wealth.tolist(), strict=True
    ):
        yield {"copies": number, "cut_at": cut_at, "counts": row, "log_wealth": wealth}
