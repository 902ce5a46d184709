"""
All questions about one metric, weighed in all of its cells at once.

What `EProcess` does for one claim and one account: accounts (cells x places) @ tables (places x
bets of all claims), and the mixture of each claim's bets. Accounts are weighed whole at each look.
To keep sums for each cell, and to add what it grew by, was tried and costs more: a product of whole
accounts runs at the full speed of the processor, picking rows of a table does not.

Rule: the figures are those of `EProcess` to the last bit, whatever else is weighed beside them
(exact.py; a maximum depends on no order either).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shadowmon.evidence import outcomes
from shadowmon.evidence.eprocess import EProcess, log_sums
from shadowmon.evidence.exact import Cut, Table
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import KNOTS, Integers
from shadowmon.records import Claim, Metric, MetricKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """The bets on the same places of an account: on all of them, or on one histogram of scores."""

    claims: Sequence[int]
    """Their numbers, in the order of the table's columns."""
    table: Table
    cuts: Sequence[Cut]
    columns: slice
    """Where this table's columns are among those of all parts."""


class Battery:
    """The bets of several claims on one metric."""

    def __init__(
        self, metric: Metric, bets: Sequence[tuple[Claim, EProcess]], *, rates: int = 1
    ) -> None:
        """
        Put tables side by side.

        Args:
            metric: What the claims are about.
            bets: Each claim's, all for the same sampling rates.
            rates: How many these are.

        """
        self._parts = list(_parts(metric, bets, rates))
        order = [number for part in self._parts for number in part.claims]
        log_shares = [bets[number][1].log_shares for number in order]
        self._log_shares = np.concatenate(log_shares)[:, np.newaxis]
        self._sizes = [len(shares) for shares in log_shares]
        self._place_of = np.argsort(order)

    def log_e_values(
        self, accounts: Integers | Floats, power: float = 1.0, which: Integers | None = None
    ) -> Floats:
        """
        Return the logarithm of each claim's e-value in each cell.

        Args:
            accounts: (cells, places), whole accounts, in whole numbers; of several sampling rates
                one after the other, the highest first.
            power: What each bet's wealth is raised to.
            which: Rows of the cells that are meant; if None, all are.

        Returns:
            (claims, cells).

        """
        counts = accounts.astype(np.float64, copy=False)
        many = len(counts) if which is None else len(which)
        wealth = np.empty((len(self._log_shares), many))
        for part in self._parts:
            part.table.times(counts, part.cuts, which, out=wealth[part.columns])
        if power != 1:
            wealth *= power
        wealth += self._log_shares
        log_es: Floats = log_sums(wealth, self._sizes)[self._place_of]
        return log_es


def _parts(metric: Metric, bets: Sequence[tuple[Claim, EProcess]], rates: int) -> Iterator[_Part]:
    numbered: defaultdict[tuple[Cut, ...], list[int]] = defaultdict(list)
    for number, (claim, _) in enumerate(bets):
        numbered[tuple(_cuts(metric, claim, rates))].append(number)
    at = 0
    for cuts, numbers in numbered.items():
        table = np.concatenate([bets[number][1].log_factors for number in numbers], axis=1)
        columns = slice(at, at + table.shape[1])
        yield _Part(claims=numbers, table=Table(table), cuts=cuts, columns=columns)
        at = columns.stop


def _cuts(metric: Metric, claim: Claim, rates: int) -> Iterator[Cut]:
    """Return where in accounts at all rates the places lie that a claim bets on."""
    places = outcomes.places(metric)
    if metric.kind is not MetricKind.SCORES:
        yield 0, rates * places
        return
    first = outcomes.first_place(metric, claim.contrast, claim.limit)
    for end in range(places, (rates + 1) * places, places):
        begin = end - places + first
        yield begin, begin + KNOTS
        yield end - 1, end
