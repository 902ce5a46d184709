"""What is promised of figures in [0, 1]: a relative limit on their means is kept, and used up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from shadowmon.evidence import confseq
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.records import Contrast, MetricKind, Side, Worse
from tests.streams import NEVER, Law, a_claim, a_metric, at_most, first_proven, scores


ALPHA = 0.05
STREAMS = 1_000
LOOKS = 10_000

GOOD = a_metric(
    MetricKind.SCORES,
    worse=Worse.LOWER,
    held_to=((Contrast.RELATIVE_DROP, 0.01), (Contrast.RELATIVE_DROP, 0.05)),
)
BAD = a_metric(
    MetricKind.SCORES,
    held_to=((Contrast.RELATIVE_RISE, 0.1), (Contrast.ABSOLUTE_RISE, 0.02)),
)

MARKS = (0.3, 0.5, 0.7)
SHIFTS = (-0.25, -0.1, 0.0, 0.1, 0.25)


def dropping(drop: float) -> Law:
    """Return marks of 0.5 on average; in two of five pairs the models' marks differ."""
    pairs = [(mark, mark * (1 - drop) + shift) for mark, shift in itertools.product(MARKS, SHIFTS)]
    spread = [0.1, 0.1, 0.6, 0.1, 0.1]
    chances = [chance / len(MARKS) for _ in MARKS for chance in spread]
    return scores(pairs, chances, GOOD)


def figure(law: Law, contrast: Contrast) -> float:
    baseline, optimized = np.array(law.chances) @ [
        (pair.baseline, pair.optimized) for pair in law.pairs if pair
    ]
    if contrast is Contrast.ABSOLUTE_RISE:
        return float(optimized - baseline)
    rise = float(optimized / baseline) - 1
    return -rise if contrast is Contrast.RELATIVE_DROP else rise


def rising(*, share: float, to: float) -> Law:
    """Return bad figures of 0.2 on average: half of the pairs agree, others differ widely."""
    pairs = [(0.2, 0.2), (0.4, 0.0), (0.0, 0.4), (0.2, to)]
    chances = [0.5, 0.25 - share / 2, 0.25 - share / 2, share]
    return scores(pairs, chances, BAD)


ON_THE_LIMIT = {
    "drop": (Contrast.RELATIVE_DROP, 0.05, dropping(0.05)),
    "ratio": (Contrast.RELATIVE_RISE, 0.1, rising(share=0.04, to=0.7)),
    "rise": (Contrast.ABSOLUTE_RISE, 0.02, rising(share=0.04, to=0.7)),
}


WIDTHS = {
    Contrast.RELATIVE_DROP: 0.05,
    Contrast.RELATIVE_RISE: 0.3,
    Contrast.ABSOLUTE_RISE: 0.06,
}
"""Of the intervals after 5 000 pairs: seven standard errors or so."""


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", ON_THE_LIMIT)
def test_a_limit_on_scores_is_proven_wrongly_with_at_most_alpha(name, side):
    """Exactly on the limit, looked at 10 000 times in each of 1 000 streams."""
    contrast, limit, law = ON_THE_LIMIT[name]
    assert figure(law, contrast) == pytest.approx(limit, abs=0.002)
    wrong_side = (figure(law, contrast) - limit) * (1 if side is Side.WORSE else -1)
    assert wrong_side <= 1e-9

    proven = first_proven(
        a_claim(contrast, limit, side),
        [(LOOKS, law)],
        alpha=ALPHA,
        streams=STREAMS,
        chained=side is Side.WORSE,
        seed=5,
    )

    assert (proven < NEVER).mean() <= at_most(ALPHA, STREAMS)


@pytest.mark.parametrize(
    ("drop", "limit", "side", "most"),
    [(0.1, 0.05, Side.WORSE, 200), (0.075, 0.05, Side.WORSE, 600), (0.0, 0.05, Side.BETTER, 250)],
)
def test_a_real_drop_of_scores_is_found(drop, limit, side, most):
    """Half of the streams prove it within so many pairs, and hardly any never does."""
    claim = a_claim(Contrast.RELATIVE_DROP, limit, side)

    proven = first_proven(claim, [(12 * most, dropping(drop))], alpha=ALPHA, streams=300, seed=6)

    assert np.median(proven) < most
    assert (proven < NEVER).mean() > 0.98


@pytest.mark.parametrize("name", ON_THE_LIMIT)
def test_an_interval_of_scores_holds_the_truth_at_all_looks_together(name):
    """Over twelve looks at growing accounts the truth is left out in at most alpha of streams."""
    contrast, _, law = ON_THE_LIMIT[name]
    truth = figure(law, contrast)
    streams, looks = 60, np.geomspace(30, 5_000, 12).astype(int)
    drawn = law.draw(np.random.default_rng(4), (looks[-1], streams))
    deposits = law.deposits().astype(int)
    left_out, widths = 0, []
    for stream in drawn.T:
        hits = [np.bincount(stream[:look], minlength=len(deposits)) for look in looks]
        ends = [
            confseq.interval(
                law.metric, contrast, {EVERY_ONE: tuple((hit @ deposits).tolist())}, alpha=0.05
            )
            for hit in hits
        ]
        left_out += any(
            not (-np.inf if low is None else low) <= truth <= (np.inf if high is None else high)
            for low, high in ends
        )
        widths.append(ends[-1][1] - ends[-1][0])  # type: ignore[operator]

    assert left_out / streams <= at_most(0.05, streams)
    assert np.median(widths) < WIDTHS[contrast]
