"""
A loss that comes after a long good stretch.

About 50 000 pairs without a loss, then a jump, at a random place between two cuts of the restart
chain. Bets that all began with the first pair have lost nearly everything by then, and must win it
back first; the chain always has a young copy. The pager's alarm keeps no error probability, but a
mean time between false ones, and is sooner. The delay is counted from the jump.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.decisions.bound import fewest
from benchmarks.decisions.laws import flips
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import ALARM_LEVEL, PAIRED, SETTINGS, Stake, stake
from benchmarks.decisions.table import NEVER, Effort, Table, at_most, median
from benchmarks.decisions.walk import Traffic, first_proven, first_proven_in_logarithms
from shadowmon.records import Side


SEED = 20_260_106
ALPHA = 0.05
GOOD_PAIRS = 50_000
JUMPS = ((0.01, 0.02), (0.01, 0.05), (0.05, 0.075), (0.05, 0.10), (0.05, 0.25))


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, patience, places = effort.pick((50, 20_000, 1), (300, 150_000, 5))
    made = Table(
        title=f"Median delay after {GOOD_PAIRS:,} good pairs, given up after {patience:,}; "
        f"alpha = {ALPHA:.0%}",
        columns=(
            "red line",
            "true loss after the jump",
            "bound",
            "bets from the start alone",
            "with the chain",
            "pager's alarm",
            "bad from the first pair: alone",
            "bad from the first pair: with the chain",
        ),
        seed=SEED,
    )
    for number, (red_line, loss) in enumerate(JUMPS):
        laid = {
            chained: stake(PAIRED, red_line, Side.WORSE, chained=chained)
            for chained in (False, True)
        }
        generator = np.random.default_rng([SEED, number])
        alone = _delay_alone(laid[False], loss, patience, streams, generator)
        chained, early = _delay(laid[True], loss, patience, streams, generator, places=places)
        pager = replace(laid[False], alarm=True)
        called, _ = _delay(
            pager, loss, patience, streams, generator, places=places, alpha=ALARM_LEVEL
        )
        from_start = [_from_the_start(laid[way], loss, streams, generator) for way in laid]
        bound = fewest(flips(loss), red_line, Side.WORSE, span=PAIRED.span, alpha=ALPHA)
        made.add(
            f"{red_line:g}",
            f"{loss:g}",
            f"{bound:.0f}",
            median(alone),
            median(chained),
            median(called),
            *map(median, from_start),
            n=streams,
        )
        made.check(
            f"red line {red_line:g}, loss {loss:g}: found in {np.median(chained):.0f} pairs, "
            f"alone in {median(alone)}; rolled back before the jump in {early:.1%}, at most alpha",
            holds=bool(np.median(chained) < np.median(alone)) and early <= at_most(ALPHA, streams),
        )
    return made


def _delay_alone(
    laid: Stake, loss: float, patience: int, streams: int, generator: np.random.Generator
) -> Times:
    """Return the delays if all bets began with the first pair; exact, for they sink very low."""
    good = flips(0.0)
    counts = generator.multinomial(GOOD_PAIRS, good.chances, size=streams)
    wealth = counts.astype(float) @ np.log(laid.factors(good)) + np.log(laid.shares)
    return first_proven_in_logarithms(
        laid, wealth, Traffic(law=flips(loss), pairs=patience), alpha=ALPHA, generator=generator
    )


def _delay(
    laid: Stake,
    loss: float,
    patience: int,
    streams: int,
    generator: np.random.Generator,
    *,
    places: int,
    alpha: float = ALPHA,
) -> tuple[Times, float]:
    """
    Return the delays of streams that had not decided before, and the share that had.

    The jump comes at so many places between two cuts of the chain.
    """
    delays, early = [], 0
    for phase in generator.integers(0, SETTINGS.restart_pairs, size=places):
        good = GOOD_PAIRS + int(phase)
        traffic = [
            Traffic(law=flips(0.0), pairs=good),
            Traffic(law=flips(loss), pairs=patience),
        ]
        found = first_proven(
            laid, traffic, alpha=alpha, streams=streams // places, generator=generator
        )
        early += int((found <= good).sum())
        late = found[found > good]
        delays.append(np.where(late < NEVER, late - good, NEVER))
    return np.concatenate(delays), early / streams


def _from_the_start(
    laid: Stake, loss: float, streams: int, generator: np.random.Generator
) -> Times:
    traffic = [Traffic(law=flips(loss), pairs=100_000)]
    return first_proven(laid, traffic, alpha=ALPHA, streams=streams, generator=generator)
