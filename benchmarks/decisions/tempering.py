"""
Bursts that no key tells of: what it helps to weaken the proof by the variance ratio, and costs.

Bursts of equal length; each has a loss of its own, drawn from two, and its pairs are independent
given that. On average over all bursts the loss is on the limit, so every decision counts as wrong:
also one in a burst that lasts as long as it takes to prove a loss, which nobody could tell from a
loss that has come to stay. The ratio is measured on the same stream, pair by pair, as the product
does it (evidence/variance_ratio.py); or the true one is declared and holds from the first pair on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.decisions import naive
from benchmarks.decisions.laws import Draws, Floats, Law, flips
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import PAIRED, SETTINGS, Stake, stake
from benchmarks.decisions.table import NEVER, Effort, Table, at_most, median, percent
from shadowmon.evidence.variance_ratio import SHORTEST, VarianceRatio, exponent
from shadowmon.records import Side


SEED = 20_260_113
ALPHA = 0.05
LIMIT = 0.05
LENGTHS = (1, 10, 200, 2_000, 10_000)
SIDES = ((Side.WORSE, "roll back"), (Side.BETTER, "promote"))
CHANGES = (0.075, 0.10)
GOOD_PAIRS = (1_000, 5_050, 20_000)
SLOWED_AT_MOST = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """What the loss of a burst may be, and how probable each is."""

    name: str
    losses: tuple[float, ...]
    chances: tuple[float, ...]

    def ratio(self, length: int) -> float:
        """Return the true variance ratio of bursts of this length."""
        means, chances = np.array(self.losses), np.array(self.chances)
        squares = [float(law.chances @ law.losses**2) for law in map(flips, self.losses)]
        one = float(chances @ squares) - LIMIT**2
        between = float(chances @ means**2) - LIMIT**2
        return 1 + (length - 1) * between / one

    def draw(self, length: int, size: tuple[int, int], generator: np.random.Generator) -> Draws:
        """Return the numbers of the pairs drawn; streams begin anywhere in a burst."""
        streams, pairs = size
        edges = np.cumsum(self.chances)[:-1]
        which = np.searchsorted(edges, generator.random((streams, pairs // length + 2)), "right")
        begin = generator.integers(0, length, size=(streams, 1))
        mine = np.take_along_axis(which, (np.arange(pairs) + begin) // length, axis=1)
        drawn = np.stack([flips(loss).draw(generator, size) for loss in self.losses])
        chosen: Draws = np.take_along_axis(drawn, mine[np.newaxis], axis=0)[0]
        return chosen


BURSTS = (
    Bursts(name="a loss of 2.5 % or 7.5 %", losses=(0.025, 0.075), chances=(0.5, 0.5)),
    Bursts(name="a loss of 0 %, of 20 % in each fourth", losses=(0.0, 0.2), chances=(0.75, 0.25)),
)


def table(effort: Effort) -> Table:
    """Make the table of wrong decisions."""
    streams, pairs = effort.pick((60, 2_000), (300, 20_000))
    made = Table(
        title=f"Bursts without a key, {pairs:,} pairs; on average on the limit of {LIMIT:.0%}",
        columns=(*naive.COLUMNS, "within 500 pairs"),
        seed=SEED,
    )
    for number, bursts in enumerate(BURSTS):
        for length in LENGTHS:
            generator = np.random.default_rng([SEED, number, length])
            drawn = bursts.draw(length, (streams, pairs), generator)
            measured, declared = powers(drawn), 1 / bursts.ratio(length)
            name = f"{length:,} together: {bursts.name}"
            for side, decision in SIDES:
                laid = stake(PAIRED, LIMIT, side, chained=side is Side.WORSE)
                for way, power in (
                    ("every pair counts", np.ones_like(measured)),
                    ("shadowmon: weakened as measured", measured),
                    (f"shadowmon: {1 / declared:.1f} declared", np.full_like(measured, declared)),
                ):
                    times = first_proven(laid, drawn, power)
                    _tell(made, name, way, decision, times)
                    if length == 1 or "declared" in way:
                        _check(made, f"{name}, {way}, {decision}", times)
    return made


def _tell(made: Table, name: str, way: str, decision: str, times: Times) -> None:
    early = percent(times <= 500)
    made.add(name, way, decision, percent(times < NEVER), early, n=times.size)


def _check(made: Table, name: str, times: Times) -> None:
    share = float((times < NEVER).mean())
    made.check(
        f"{name}: errs in {share:.1%}, at most alpha = {ALPHA:.0%}",
        holds=share <= at_most(ALPHA, times.size),
    )


def change_table(effort: Effort) -> Table:
    """Make the table of independent pairs that become worse, at places between all windows."""
    streams, patience, places = effort.pick((60, 2_000, 1), (200, 8_000, 3))
    made = Table(
        title=f"A loss that comes suddenly, red line {LIMIT:.0%}: median pairs until it is found",
        columns=("good pairs before", "true loss then", "every pair counts", "as measured"),
        seed=SEED,
    )
    for good in GOOD_PAIRS[:places]:
        for loss in CHANGES:
            generator = np.random.default_rng([SEED, good, round(1000 * loss)])
            before = flips(0.0).draw(generator, (streams, good))
            after = flips(loss).draw(generator, (streams, patience))
            drawn = np.concatenate([before, after], axis=1)
            laid = stake(PAIRED, LIMIT, Side.WORSE, chained=True)
            measured = powers(drawn)
            plain, tempered = (
                delays(first_proven(laid, drawn, power), good)
                for power in (np.ones_like(measured), measured)
            )
            made.add(f"{good:,}", f"{loss:g}", median(plain), median(tempered), n=streams)
            slowed = float(np.median(tempered) / np.median(plain))
            made.check(
                f"after {good:,} good pairs a loss of {loss:g} takes {slowed:.2f} times as long, "
                f"at most {SLOWED_AT_MOST:g}",
                holds=slowed <= SLOWED_AT_MOST,
            )
    return made


def delays(times: Times, good: int) -> Times:
    """Return the pairs since the change, of streams that had not decided before."""
    late = times[times > good]
    found: Times = np.where(late < NEVER, late - good, NEVER)
    return found


def powers(drawn: Draws) -> Floats:
    """Return what every bet is raised to, as measured after each SHORTEST pairs, by stream."""
    losses = flips(0.0).losses[drawn]
    found = np.ones((len(drawn), drawn.shape[1] // SHORTEST + 1))
    for row, stream in zip(found, losses.tolist(), strict=True):
        ratio = VarianceRatio()
        for number, loss in enumerate(stream, start=1):
            ratio.add(loss)
            if number % SHORTEST == 0:
                row[number // SHORTEST] = exponent(ratio.ratio)
    return found


def first_proven(laid: Stake, drawn: Draws, power: Floats) -> Times:
    """Return after how many pairs each stream proved the claim; NEVER if it did not."""
    streams, pairs = drawn.shape
    added = np.log(laid.factors(_any_law()))
    start, fresh = np.zeros((streams, len(laid.shares))), np.zeros((streams, len(laid.shares)))
    if laid.chained:
        fresh += laid.fresh(0)
    stakes = 0.5 * laid.shares if laid.chained else laid.shares
    proven, going = np.full(streams, NEVER), np.arange(streams)
    for number in range(1, pairs + 1):
        step = added[drawn[going, number - 1]]
        mine, before = (
            power[going, known // SHORTEST, np.newaxis] for known in (number, number - 1)
        )
        start += step
        fresh *= np.exp(step * before)
        if laid.chained and number % SETTINGS.restart_pairs == 0:
            fresh += laid.fresh(number // SETTINGS.restart_pairs)
        e_values = np.exp(np.minimum(start * mine, 700)) @ stakes + fresh.sum(axis=1)
        crossed = e_values >= 1 / ALPHA
        if crossed.any():
            proven[going[crossed]] = number
            start, fresh, going = start[~crossed], fresh[~crossed], going[~crossed]
            if not going.size:
                break
    return proven


def _any_law() -> Law:
    """The pairs of every law of flips are the same three; how probable they are plays no part."""
    return flips(0.0)
