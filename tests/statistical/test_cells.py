"""
What is promised of a whole trial: 4 metrics in 21 slices share one error rate, and the right cell
is blamed.

All pairs of one exchange are seen by every metric and by the slices that it is in; the e-values of
the 84 cells are averaged with the weights of policy/rules.py: half to all traffic, half to slices.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from shadowmon.evidence import restart
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Side
from tests.streams import SETTINGS, a_claim, at_most, verdicts


ALPHA = 0.05
METRICS, SLICES = 4, 20
TRAFFIC = np.array(
    [0.03, *(0.97 * (np.arange(1, SLICES) ** -1.0 / (np.arange(1, SLICES) ** -1.0).sum()))]
)
"""Share of each slice; the first has 3 %."""

CLAIM = a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE)
PROCESS = bet_on(CLAIM, assumed_noise=SETTINGS.assumed_noise)
FACTORS = np.exp(PROCESS.log_factors[:4])

ON_THE_LINE = verdicts(optimized_only=0.015, baseline_only=0.06, both_yes=0.84)
GOOD = verdicts(optimized_only=0.015, baseline_only=0.015, both_yes=0.885)
DOWN_A_QUARTER = verdicts(optimized_only=0.0, baseline_only=0.225, both_yes=0.675)


class Cells:
    """E-values of all cells of many trials: (trials, metrics, slices + 1, bets) plain floats."""

    def __init__(self, trials: int) -> None:
        shares = PROCESS.bets.shares
        shape = (trials, METRICS, 1 + SLICES, 1)
        self.start = np.tile(shares, shape)
        self.copies = math.exp(restart.log_share(0)) * self.start
        self.seen = np.zeros((trials, 1 + SLICES), dtype=int)
        self.weights = np.full((METRICS, 1 + SLICES), 0.5 / (METRICS * SLICES))
        self.weights[:, 0] = 0.5 / METRICS
        self.trials = np.arange(trials)

    def look(self, slices: np.ndarray, places: np.ndarray) -> None:
        """Take in one exchange of each trial: its slice, and each metric's place."""
        factors = FACTORS[places]
        for cells in (np.zeros_like(slices), slices + 1):
            where = self.trials, slice(None), cells
            self.start[where] *= factors
            self.copies[where] *= factors
            self.seen[self.trials, cells] += 1
            due = self.seen[self.trials, cells] % SETTINGS.restart_pairs == 0
            for trial in np.flatnonzero(due):
                number = self.seen[trial, cells[trial]] // SETTINGS.restart_pairs
                fresh = math.exp(restart.log_share(int(number))) * PROCESS.bets.shares
                self.copies[trial, :, cells[trial]] += fresh

    def terms(self) -> np.ndarray:
        """Return each cell's part of the average."""
        e_values = 0.5 * self.start.sum(axis=-1) + 0.5 * self.copies.sum(axis=-1)
        weighted: np.ndarray = e_values * self.weights
        return weighted


def rolled_back(trials, segments, *, seed) -> tuple[np.ndarray, np.ndarray]:
    """
    Return after how many pairs each trial rolled back, 0 if never, and the slice to blame.

    A segment is a number of exchanges, the law of each slice, and how often to look.
    """
    generator = np.random.default_rng(seed)
    cells = Cells(trials)
    at, blamed = np.zeros(trials, dtype=int), np.full(trials, -1)
    number = 0
    for exchanges, law_of, every in segments:
        edges = np.cumsum([law.chances for law in law_of], axis=1)[:, :-1]
        for _ in range(exchanges):
            number += 1
            slices = generator.choice(SLICES, size=trials, p=TRAFFIC)
            drawn = generator.random((trials, METRICS, 1))
            places = (drawn > edges[slices][:, None]).sum(axis=-1)
            places[:, 1] = places[:, 0]  # two metrics that always agree
            cells.look(slices, places)
            if number % every == 0:
                terms = cells.terms()
                crossed = (terms.sum(axis=(1, 2)) >= 1 / ALPHA) & (at == 0)
                at[crossed] = number
                worst = terms.reshape(trials, -1).argmax(axis=1) % (1 + SLICES) - 1
                blamed[crossed] = worst[crossed]
    return at, blamed


def test_a_trial_on_all_of_its_red_lines_is_rolled_back_with_at_most_alpha():
    """Each of 84 cells exactly on its red line, two of the metrics the same."""
    trials = 250

    at, _ = rolled_back(trials, [(3_000, [ON_THE_LINE] * SLICES, 10)], seed=1)

    assert (at > 0).mean() <= at_most(ALPHA, trials)


def test_a_thin_slice_that_breaks_down_is_blamed():
    """After a good stretch a slice with 3 % of the traffic drops by a quarter: it is the one."""
    trials = 40
    broken = [DOWN_A_QUARTER] + [GOOD] * (SLICES - 1)

    at, blamed = rolled_back(trials, [(3_000, [GOOD] * SLICES, 100), (8_000, broken, 50)], seed=2)

    assert (at > 3_000).mean() >= 0.95
    assert (blamed[at > 3_000] == 0).mean() >= 0.95


@pytest.mark.slow
def test_a_trial_on_all_of_its_red_lines_keeps_alpha_for_longer():
    """The same over 20 000 exchanges of 1 000 trials."""
    at, _ = rolled_back(1_000, [(20_000, [ON_THE_LINE] * SLICES, 10)], seed=3)

    assert (at > 0).mean() <= at_most(ALPHA, 1_000)


@pytest.mark.slow
def test_a_thin_slice_that_breaks_down_after_30_000_good_pairs_is_blamed():
    """The same after ten times the good stretch, in 200 trials."""
    broken = [DOWN_A_QUARTER] + [GOOD] * (SLICES - 1)

    at, blamed = rolled_back(200, [(30_000, [GOOD] * SLICES, 500), (10_000, broken, 50)], seed=4)

    assert (at > 30_000).mean() >= 0.95
    assert (blamed[at > 30_000] == 0).mean() >= 0.95
