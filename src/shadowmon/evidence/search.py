"""
The two ends of many intervals, searched for at once.

A candidate figure c stands at a distance from the measured one. Bets that the truth is not c win
`score - slope x c` per unit at each place (or lose as much, on the other side), and what they own
grows with the distance, nearly as its square. So the root of the logarithm of it is nearly a
straight line: the secant's next try is close to where the candidate is just refuted (Brent,
Algorithms for minimization without derivatives, 1973, chapter 4, keeps it between two known ones).

Rule 1: an end is a candidate that is refuted, by no more than `_SLACK`: an interval is never too
narrow.
Rule 2: each end is the one that would be found alone. Nothing here adds up along cells, and places
that nothing fell into add an exact 0.
"""

from __future__ import annotations

import math

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence.bets import LARGEST
from shadowmon.evidence.eprocess import log_sum_exp
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import Integers, Span


_FRACTIONS: Floats = LARGEST * 1.7 ** -np.arange(16.0)
_SLACK = 1e-6
"""Nats of evidence: a ten-millionth of the distance."""
_ROUNDING = 1e-13
_TRIES = 100
_TOGETHER = 64
"""Candidates looked at together: what they need fits a processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """Looks for the candidates that are not refuted."""

    score: Floats
    """(places,): what a bet that the figure is above 0 wins on a pair there."""
    slope: Floats
    """(places,): by how much less, for each unit that the candidate is higher."""
    shrinkage: Sequence[float]
    """Of bets, for each sampling rate."""
    accounts: Floats
    """(cells, rates, places and the missing), in pairs."""
    alpha: float

    def pooled(self) -> Floats:
        """Return (cells, places and the missing): what there is at all rates, duly weighted."""
        weighted = self.accounts * np.array(self.shrinkage)[:, np.newaxis]
        pooled: Floats = weighted.sum(axis=1)
        return pooled

    def ends(self, figures: Floats, allowed: Span) -> Floats:
        """
        Return the lower and the upper end of each cell.

        Args:
            figures: (cells,), as measured: nothing refutes them.
            allowed: The range of the figure; it is the end where nothing nearer is refuted.

        Returns:
            (cells, 2).

        """
        sides = np.repeat([-1.0, 1.0], len(figures))
        cells = np.tile(np.arange(len(figures)), 2)
        edges = np.repeat(allowed, len(figures))
        rooms = np.abs(edges - figures[cells])
        distances = self._distances(cells, sides, figures[cells], rooms, self._guesses(figures))
        ends = np.where(np.isnan(distances), edges, figures[cells] + sides * distances)
        return ends.reshape(2, -1).T

    @property
    def _need(self) -> float:
        return math.log(2 / self.alpha) + math.log(len(_FRACTIONS))

    def _guesses(self, figures: Floats) -> Floats:
        """
        Return where each end would be if scores were normal; all lower ends come first.

        A missing pair moves it as far as the worst one does.
        """
        account = self.pooled()
        pooled, pairs = account[:, :-1], account[:, :-1].sum(axis=1)
        won = self.score - figures[:, np.newaxis] * self.slope
        spread = np.sqrt(2 * self._need * (pooled * won**2).sum(axis=1)) + self._need
        share_missing = account[:, -1] / account.sum(axis=1)
        worst = np.concatenate([-won.min(axis=1), won.max(axis=1)])
        per_unit = (pooled * self.slope).sum(axis=1) / pairs
        scores = np.tile(spread / pairs, 2) + np.tile(share_missing, 2) * worst
        guesses: Floats = scores / np.tile(per_unit, 2)
        return guesses

    def _distances(
        self, cells: Integers, sides: Floats, figures: Floats, rooms: Floats, guesses: Floats
    ) -> Floats:
        """Return how far each end is from its figure; NaN where it is the edge."""
        found = np.full(len(cells), np.nan)
        todo = np.flatnonzero(rooms > 0)
        rooms = rooms * (1 - 1e-9)  # at the edge itself a legal bet has no limit
        line = _Line(np.minimum(guesses, rooms), aim=math.sqrt(self._need + _SLACK / 2))
        for _ in range(_TRIES):
            if not len(todo):
                break
            tried = line.tried[todo]
            owned = self._owned(cells[todo], sides[todo], (figures + sides * line.tried)[todo])
            beyond = owned - self._need
            line.learn(todo, np.sqrt(np.maximum(owned, 0.0)), is_refuted=beyond >= 0)
            is_end = (beyond >= 0) & ((beyond <= _SLACK) | line.is_narrow(todo))
            found[todo[is_end]] = tried[is_end]
            is_edge = (beyond < 0) & (tried >= rooms[todo])
            todo = todo[~(is_end | is_edge)]
            line.move(todo, rooms)
        found[todo] = line.refuted[todo]
        found[~np.isfinite(found)] = np.nan
        return found

    def _owned(self, cells: Integers, sides: Floats, candidates: Floats) -> Floats:
        """Return the logarithm of what bets that each candidate is wrong own, all 16 together."""
        parts = [
            self._owned_by_few(cells[few], sides[few], candidates[few])
            for begin in range(0, len(cells), _TOGETHER)
            for few in [slice(begin, begin + _TOGETHER)]
        ]
        return np.concatenate(parts)

    def _owned_by_few(self, cells: Integers, sides: Floats, candidates: Floats) -> Floats:
        # Below the figure (side -1) it is the bet that the truth is above the candidate.
        won = -sides[:, np.newaxis] * (self.score - candidates[:, np.newaxis] * self.slope)
        worst = won.min(axis=1, keepdims=True)
        shares = np.concatenate([won, worst], axis=1) / -worst
        accounts = self.accounts[cells]
        owned = np.zeros((len(cells), len(_FRACTIONS)))
        for number, shrunk in enumerate(self.shrinkage):
            hit = np.flatnonzero(accounts[:, number].any(axis=0))
            logs = np.log1p(shares[:, hit, np.newaxis] * (shrunk * _FRACTIONS))
            # Place after place, in this order: see rule 2.
            owned += np.einsum("cp,cpf->cf", accounts[:, number, hit], logs)
        return log_sum_exp(owned)


class _Line:
    """
    Where each end was tried, and what was owned there: the root of its logarithm, nearly a line.

    Every array has one entry for each end.
    """

    def __init__(self, tried: Floats, *, aim: float) -> None:
        self.tried = tried
        self.refuted = np.full(len(tried), np.inf)
        """The nearest distance that is refuted."""
        self._kept = np.zeros(len(tried))
        """The farthest distance that is not."""
        self._aim = aim
        # The last try, and the one before it; before the first one, the figure itself.
        self._at, self._owned = np.zeros(len(tried)), np.zeros(len(tried))
        self._at_before, self._owned_before = self._at.copy(), self._owned.copy()

    def learn(self, todo: Integers, owned: Floats, *, is_refuted: NDArray[np.bool_]) -> None:
        """Take in what was owned at the last tries."""
        self._at_before[todo], self._owned_before[todo] = self._at[todo], self._owned[todo]
        self._at[todo], self._owned[todo] = self.tried[todo], owned
        beyond, short = todo[is_refuted], todo[~is_refuted]
        self.refuted[beyond] = self.tried[beyond]
        self._kept[short] = self.tried[short]

    def is_narrow(self, todo: Integers) -> NDArray[np.bool_]:
        """Is there no room left for another try?"""
        refuted = self.refuted[todo]
        narrow: NDArray[np.bool_] = refuted - self._kept[todo] <= _ROUNDING * refuted
        return narrow

    def move(self, todo: Integers, rooms: Floats) -> None:
        """Choose the next tries: where the line meets the aim, if that is between the two known."""
        at, owned = self._at[todo], self._owned[todo]
        run, rise = at - self._at_before[todo], owned - self._owned_before[todo]
        is_line = run * rise > 0
        met = at + (self._aim - owned) * run / np.where(is_line, rise, 1.0)
        kept, refuted = self._kept[todo], self.refuted[todo]
        is_bound = np.isfinite(refuted)
        between = np.where(is_bound, (kept + np.where(is_bound, refuted, 0.0)) / 2, 4 * kept)
        is_good = is_line & (kept < met) & (met < np.where(is_bound, refuted, 4 * kept))
        self.tried[todo] = np.minimum(np.where(is_good, met, between), rooms[todo])
