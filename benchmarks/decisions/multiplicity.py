"""
Many metrics in many slices, one error rate.

Slices are as large as Zipf's law makes them; every request is in one slice and is measured by every
metric, and half of the metrics repeat the first one (so the cells depend on one another). Each cell
has its own bets with a restart chain. Four ways to decide on all of them: no correction, each at
alpha / cells (Bonferroni), the same by weight, and ours, the weighted average of the e-values. Half
of the weight lies on the cells of all traffic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.decisions.laws import Floats, flips
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import PAIRED, SETTINGS, Stake, stake
from benchmarks.decisions.table import NEVER, Effort, Table, at_most, median, percent
from shadowmon.records import Side


SEED = 20_260_107
ALPHA = 0.05
RED_LINE = 0.05

WAYS = ("no correction", "Bonferroni", "weighted Bonferroni", "shadowmon: average")
OURS = WAYS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How many slices and metrics there are."""

    slices: int
    metrics: int

    @property
    def cells(self) -> int:
        """Return the number of cells; slice 0 is all traffic."""
        return (self.slices + 1) * self.metrics

    @property
    def sizes(self) -> Floats:
        """Return the share of each slice in the traffic."""
        sizes = 1 / np.arange(1, self.slices + 1)
        shares: Floats = sizes / sizes.sum()
        return shares

    @property
    def weights(self) -> Floats:
        """Return the weight of each cell, (slices + 1, metrics)."""
        weights = np.full((self.slices + 1, self.metrics), 0.5 / (self.slices * self.metrics))
        weights[0] = 0.5 / self.metrics
        return weights


GRIDS = (Grid(slices=20, metrics=4), Grid(slices=50, metrics=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The loss in each slice."""

    name: str
    everywhere: float
    in_one: float | None = None
    """The loss in slice `one`, counted from the largest."""
    one: int = 9

    def losses(self, grid: Grid) -> Floats:
        """Return the loss of each slice, without all traffic."""
        losses = np.full(grid.slices, self.everywhere)
        if self.in_one is not None:
            losses[self.one] = self.in_one
        return losses


AT_THE_LINE = Truth(name="every cell on its red line", everywhere=RED_LINE)
WORSE = (
    Truth(name="every cell at a loss of 0.075", everywhere=0.075),
    Truth(name="no loss, but 0.4 in the tenth slice", everywhere=0.0, in_one=0.4),
)


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, patience = effort.pick((40, 3_000), (400, 60_000))
    made = Table(
        title=f"Many cells, red line {RED_LINE:.0%}, alpha = {ALPHA:.0%} for all; "
        f"{patience:,} requests",
        columns=("cells", "truth", "way", "rolls back", "requests, median"),
        seed=SEED,
    )
    for number, grid in enumerate(GRIDS):
        for place, truth in enumerate((AT_THE_LINE, *WORSE)):
            generator = np.random.default_rng([SEED, number, place])
            found = _walk(grid, truth, streams, patience, generator)
            for way in WAYS:
                times = found[way]
                made.add(
                    str(grid.cells),
                    truth.name,
                    way,
                    percent(times < NEVER),
                    median(times),
                    n=streams,
                )
            _check(made, grid, truth, found)
    return made


def _check(made: Table, grid: Grid, truth: Truth, found: dict[str, Times]) -> None:
    shares = {way: float((times < NEVER).mean()) for way, times in found.items()}
    if truth is AT_THE_LINE:
        bound = at_most(ALPHA, len(found[OURS]))
        made.check(
            f"{grid.cells} cells on the line: ours errs in {shares[OURS]:.1%}, at most alpha; "
            f"without correction {shares[WAYS[0]]:.1%}",
            holds=shares[OURS] <= bound < shares[WAYS[0]],
        )
    else:
        made.check(
            f"{grid.cells} cells, {truth.name}: ours is never later than weighted Bonferroni",
            holds=bool((found[OURS] <= found[WAYS[2]]).all()),
        )


class _Cells:
    """The wealth of all cells of all streams, with their restart chains."""

    def __init__(self, laid: Stake, streams: int, grid: Grid) -> None:
        self._laid = laid
        shape = (streams, grid.slices + 1, grid.metrics)
        self._wealth = np.broadcast_to(laid.begin, (*shape, len(laid.begin))).copy()
        self._pairs = np.zeros((streams, grid.slices + 1), dtype=np.int64)
        self._streams = np.arange(streams)

    def step(self, places: np.typing.NDArray[np.intp], factors: Floats) -> Floats:
        """Multiply the cells of one slice of each stream; return their e-values."""
        wealth = self._wealth[self._streams, places]
        wealth *= factors
        wealth[wealth < 1e-200] = 0.0
        self._pairs[self._streams, places] += 1
        pairs = self._pairs[self._streams, places]
        for stream in np.flatnonzero(pairs % SETTINGS.restart_pairs == 0):
            wealth[stream] += self._laid.fresh(int(pairs[stream]) // SETTINGS.restart_pairs)
        self._wealth[self._streams, places] = wealth
        e_values: Floats = wealth.sum(axis=-1)
        return e_values


def _walk(
    grid: Grid, truth: Truth, streams: int, patience: int, generator: np.random.Generator
) -> dict[str, Times]:
    laid = stake(PAIRED, RED_LINE, Side.WORSE, chained=True)
    cells, factors = _Cells(laid, streams, grid), laid.factors(flips(0.0))
    e_values = np.ones((streams, grid.slices + 1, grid.metrics))
    e_values *= laid.begin.sum()
    edges = np.array([np.cumsum(flips(loss).chances)[:-1] for loss in truth.losses(grid)])
    found = {way: np.full(streams, NEVER) for way in WAYS}
    every, weights = np.arange(streams), grid.weights
    for request in range(1, patience + 1):
        places = generator.choice(grid.slices, size=streams, p=grid.sizes)
        luck = generator.random((streams, grid.metrics))
        luck[:, 1 : grid.metrics // 2] = luck[:, :1]
        drawn = (luck[..., np.newaxis] >= edges[places][:, np.newaxis]).sum(axis=-1)
        won = factors[drawn]
        for where in (np.zeros(streams, dtype=np.intp), places + 1):
            e_values[every, where] = cells.step(where, won)
        for way, says in _ways(e_values, weights, grid.cells).items():
            np.minimum(found[way], request, out=found[way], where=says)
        if request % 100 == 0 and (found[WAYS[1]] < NEVER).all() and (found[OURS] < NEVER).all():
            break
    return found


def _ways(e_values: Floats, weights: Floats, cells: int) -> dict[str, np.typing.NDArray[np.bool_]]:
    weighted = e_values * weights
    largest = e_values.max(axis=(1, 2))
    says = (
        largest >= 1 / ALPHA,
        largest >= cells / ALPHA,
        weighted.max(axis=(1, 2)) >= 1 / ALPHA,
        weighted.sum(axis=(1, 2)) >= 1 / ALPHA,
    )
    return dict(zip(WAYS, says, strict=True))
