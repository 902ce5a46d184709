"""
How large are the bets, and how is the stake divided among them?

No single bet suits every loss: a large one finds a disaster in twenty pairs and is ruined by
noise, a small one needs thousands and finds anything. So the stake is divided, before the first
pair, among a fixed grid of bets, each 1.5 times the next. The best of them ends up owning nearly
all of the wealth, and what the others cost is the logarithm of its share: a few nats, once.

Rule 1: sizes and shares depend on the claim and the settings alone, never on what was observed.
That is why accounts may be added before they are weighed, and why evidence is valid for a running
average under drift (eprocess.py).
Rule 2: whatever is assumed here costs pairs if it is wrong, and never validity.

A bet that would grow fastest if the truth were known is the Kelly bet (Kelly, A new interpretation
of information rate, Bell System Technical Journal 35, 1956). One fifth of the stake lies evenly on
the grid, whatever comes; four fifths lie around the Kelly bets of a few planned truths. Measured
(statistics, section 1): 1.02 to 1.2 times the fewest pairs possible if the noise is as assumed, 1.4
times if it is wrong by a factor of four.
"""

from __future__ import annotations

import math

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from numpy.polynomial import legendre

from shadowmon.evidence.assumed import ASSUMED_BAD_RATE, assume
from shadowmon.evidence.gains import Floats, gains
from shadowmon.evidence.knots import Span
from shadowmon.evidence.sampling import ALL_SAMPLED, shrinkage
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import Claim, Contrast, Side


RATIO = 1.5
"""Each bet is this many times the next smaller one."""

LARGEST = 0.99
"""The largest bet, as a share of the one that a single pair could ruin."""

EVEN_SHARE = 0.2
SPREAD = 0.3
"""Width of the hill around a Kelly bet, as a standard deviation of the bet's logarithm."""

PLANNED = {Side.BETTER: (0.0, 0.25, 0.5), Side.WORSE: (1.5, 2.0, 3.0, 5.0)}
"""The truths that the bets are laid for, as multiples of the limit."""

COIN_NODES = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bets:
    """The stake of 1, divided."""

    sizes: Floats
    """What each bet puts at risk per unit of score; ascending."""
    shares: Floats
    """Of the stake; they sum to 1."""


def lay(
    claim: Claim,
    *,
    assumed_noise: float,
    assumed_distance: float = 1.0,
    span: Span | None = None,
    rates: Sequence[int] = ALL_SAMPLED,
) -> Bets:
    """
    Divide the stake of a claim.

    Args:
        claim: What is to be proven; its metric and slice play no part.
        assumed_noise: Share of pairs, in (0, 1], in which one model is right and the other wrong
            though neither is better.
        assumed_distance: Of a divergence: that of two answers that differ at all, in (0, 1], as a
            share of the largest there is.
        span: Range of the score that is counted in a histogram, as for `gains`.
        rates: All sampling rates that may occur, in basis points.

    """
    if claim.contrast is Contrast.ANY_RISE:
        return _coin_bets()
    won = gains(claim.contrast, claim.limit, claim.side, span)
    wide = 1.0 if span is None or claim.contrast is not Contrast.MEAN else span[1] - span[0]
    sizes = _grid(largest=LARGEST / -float(won.min()), smallest=_smallest(claim.limit) / wide)
    kellys = [
        kelly
        for truth in _planned_truths(claim, span)
        if (
            kelly := _kelly_bet(
                won, _law(claim, truth, assumed_noise, assumed_distance, span), sizes
            )
        )
    ]
    # A bet is shrunk on what is sampled more often: whatever the mix will be, one of these fits.
    hills = [
        _hill(sizes, min(kelly / shrunk, float(sizes[-1])))
        for kelly in kellys
        for shrunk in shrinkage(rates)
    ]
    even = np.full(len(sizes), 1 / len(sizes))
    if not hills:
        return Bets(sizes=sizes, shares=even)
    planned = np.mean(hills, axis=0)
    return Bets(sizes=sizes, shares=EVEN_SHARE * even + (1 - EVEN_SHARE) * planned)


def assumed_noise(claim: Claim, settings: EvidenceSettings) -> float:
    """Return the noise that a claim's bets are laid for: errors are rarer than disagreements."""
    rare = claim.contrast is Contrast.ABSOLUTE_RISE
    return settings.assumed_error_noise if rare else settings.assumed_noise


def _grid(*, largest: float, smallest: float) -> Floats:
    count = max(4, int(math.log(largest / smallest) / math.log(RATIO)) + 1)
    return largest * RATIO ** -np.arange(count, dtype=float)[::-1]


def _smallest(limit: float) -> float:
    # The Kelly bet is near gap / variance, and a gap worth proving is half the limit or more.
    return max(min(limit, 0.02), 0.001)


def _hill(sizes: Floats, top: float) -> Floats:
    heights = np.exp(-0.5 * (np.log(sizes / top) / SPREAD) ** 2)
    hill: Floats = heights / heights.sum()
    return hill


def _kelly_bet(won: Floats, law: Floats, sizes: Floats) -> float | None:
    """Return the bet that grows fastest under a law; None if every bet shrinks."""
    candidates = np.geomspace(sizes[0], sizes[-1], 400)
    growth = law @ np.log1p(np.outer(won, candidates))
    best = int(growth.argmax())
    return float(candidates[best]) if growth[best] > 0 else None


# --- Planned truths --------------------------------------------------------


def _planned_truths(claim: Claim, span: Span | None) -> list[float]:
    highest = 1.0
    if claim.contrast is Contrast.RELATIVE_RISE:
        highest = math.inf
    elif claim.contrast is Contrast.MEAN and span:
        highest = span[1]
    return [min(multiple * claim.limit, highest) for multiple in PLANNED[claim.side]]


def _law(
    claim: Claim, truth: float, assumed_noise: float, assumed_distance: float, span: Span | None
) -> Floats:
    """Return what an average pair adds to the account if the figure were `truth`."""
    # Errors are rarer than noise may be: then half of the baseline's are taken as shared.
    rare = claim.contrast is Contrast.RELATIVE_RISE
    noise = min(assumed_noise, ASSUMED_BAD_RATE) if rare else assumed_noise
    middle = (1 - truth) / 2 if claim.contrast is Contrast.ABSOLUTE_RISE else None
    law = assume(
        claim, truth, noise=noise, distance=assumed_distance, span=span, baseline_rate=middle
    )
    added = law.chances @ law.deposits
    average: Floats = added / added.sum()
    return average


# --- A fair coin -----------------------------------------------------------


def _coin_bets() -> Bets:
    """
    Bet against the coin that says which model alone did it, when only one of them did.

    Half of the stake is on "only ever the optimized model", the bet of all there is (short of what
    a float can tell from it); it finds five against none. The other half is spread evenly over
    every chance of the coin from 1/2 to 1. The even spread is an integral over a polynomial, whose
    degree is the number of such pairs: Gauss-Legendre's nodes and weights give it exactly up to
    twice their number less one (Abramowitz and Stegun 25.4.29), and remain a mixture of legal bets
    beyond.
    """
    nodes, weights = legendre.leggauss(COIN_NODES)
    sizes = np.append((nodes + 1) / 2, np.nextafter(1.0, 0.0))
    return Bets(sizes=sizes, shares=np.append(weights / 4, 0.5))
