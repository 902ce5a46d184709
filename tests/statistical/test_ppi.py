"""
What is promised of a judge's corrected win rate: it covers, whatever the judge's bias.

The preferences are published ones: GPT-4's verdicts in the AlpacaEval project (tatsu-lab/
alpaca_eval, Apache License 2.0) on alpaca-7b against text_davinci_003 over 805 instructions stand
in for people's. Only their counts are here. The judge before them is simulated: it sees 90 % of the
wins, and 35 % of the losses.
"""

from __future__ import annotations

import numpy as np

from shadowmon.evidence.ppi import Estimate, corrected, mean_of


WINS, TIES, LOSSES = 205, 16, 584
SENSITIVITY, SPECIFICITY = 0.90, 0.35
LABELS, ALONE, RESAMPLES = 100, 900, 500
TRUTH = (WINS + TIES / 2) / (WINS + TIES + LOSSES)
THREE_ERRORS = 3 * (0.05 * 0.95 / RESAMPLES) ** 0.5


def votes(generator: np.random.Generator, count: int) -> np.ndarray:
    """Draw preferences of people: 1, one half, 0."""
    shares = np.array([WINS, TIES, LOSSES]) / (WINS + TIES + LOSSES)
    return generator.choice([1.0, 0.5, 0.0], size=count, p=shares)


def verdicts(generator: np.random.Generator, human: np.ndarray) -> np.ndarray:
    """Draw what the biased judge makes of them."""
    says_win = np.select([human == 1, human == 0], [SENSITIVITY, 1 - SPECIFICITY], 0.5)
    return (generator.random(len(human)) < says_win).astype(float)


def covers(estimate: Estimate) -> bool:
    return estimate.lower <= TRUTH <= estimate.upper


def test_corrected_rate_covers_and_the_naive_one_does_not():
    """In 500 resamples the corrected interval covers as it says, and is narrower than people's."""
    generator = np.random.default_rng(20_240_901)
    right = naive = 0
    widths: list[tuple[float, float]] = []
    errors: list[float] = []
    for _ in range(RESAMPLES):
        human = votes(generator, LABELS + ALONE)
        judge = verdicts(generator, human)
        found = corrected(human[:LABELS], judge[:LABELS], judge[LABELS:], alpha=0.05)
        people = mean_of(human[:LABELS])
        right += covers(found.estimate)
        naive += covers(mean_of(judge))
        errors.append(found.estimate.rate - TRUTH)
        widths.append((found.estimate.upper - found.estimate.lower, people.upper - people.lower))

    assert abs(right / RESAMPLES - 0.95) < THREE_ERRORS
    assert naive == 0
    assert abs(np.mean(errors)) < 3 * np.std(errors) / RESAMPLES**0.5
    ours, theirs = np.mean(widths, axis=0)
    assert ours < theirs
