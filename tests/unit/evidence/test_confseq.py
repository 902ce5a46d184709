from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence import confseq, outcomes
from shadowmon.evidence.confseq import Interval
from shadowmon.evidence.gains import kind_of
from shadowmon.evidence.knots import KNOTS, UNIT
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.records import Contrast, Counts
from tests.streams import a_metric


def interval(contrast: Contrast, counts: Counts, *, alpha: float) -> Interval:
    metric = a_metric(kind_of(contrast))
    return confseq.interval(metric, contrast, {EVERY_ONE: counts}, alpha=alpha)


def distances(*knots_and_pairs: tuple[int, int]) -> tuple[int, ...]:
    counts = [0] * (KNOTS + 1)
    for knot, pairs in knots_and_pairs:
        counts[knot] = pairs * UNIT
    return tuple(counts)


def test_any_rise_has_no_interval():
    """There is no limit to vary."""
    assert interval(Contrast.ANY_RISE, (9, 5, 1, 0, 0), alpha=0.05) == (None, None)


@pytest.mark.parametrize("contrast", [c for c in Contrast if c is not Contrast.MEAN])
def test_there_is_no_interval_before_the_first_pair(contrast):
    """Missing pairs alone bound nothing."""
    assert interval(contrast, (0, 0, 0, 0, 3), alpha=0.05) == (None, None)


def test_a_relative_figure_has_none_while_the_baseline_has_no_yes():
    """What divides by zero has no interval either."""
    assert interval(Contrast.RELATIVE_RISE, (9, 1, 0, 0, 0), alpha=0.05) == (None, None)


def test_a_relative_figure_may_be_unbounded_on_one_side():
    """One baseline error beside ten thousand missing pairs bounds no ratio from above."""
    lower, upper = interval(Contrast.RELATIVE_RISE, (0, 50, 1, 0, 10_000), alpha=0.05)

    assert lower is not None
    assert lower < -0.9
    assert upper is None


@pytest.mark.parametrize(
    ("contrast", "counts", "ends"),
    [
        (Contrast.ABSOLUTE_RISE, (0, 0, 1, 0, 0), (-1.0, 1.0)),
        (Contrast.MEAN, distances((0, 1)), (0.0, 1.0)),
    ],
)
def test_one_pair_leaves_nearly_the_whole_range(contrast, counts, ends):
    """An interval never leaves its figure's range, and one pair hardly narrows it."""
    assert interval(contrast, counts, alpha=0.05) == pytest.approx(ends, abs=0.02)


def test_a_mean_at_the_end_of_its_range_has_that_end():
    """Distances that are all 0 are bounded by 0 from below, and closely from above."""
    lower, upper = interval(Contrast.MEAN, distances((0, 1000)), alpha=0.05)

    assert lower == 0
    assert upper == pytest.approx(np.log(2 / 0.05 * 16) / 1000, rel=0.3)


def test_more_pairs_narrow_it_as_the_root():
    """A hundred times the pairs is about a tenth of the width."""
    few = interval(Contrast.RELATIVE_DROP, (80, 15, 15, 890, 0), alpha=0.05)
    many = interval(Contrast.RELATIVE_DROP, (8000, 1500, 1500, 89_000, 0), alpha=0.05)

    assert None not in (*few, *many)
    widths = [ends[1] - ends[0] for ends in (few, many)]  # type: ignore[operator]
    assert 8 < widths[0] / widths[1] < 12


def test_ten_million_pairs_have_an_interval():
    """Half a width of 3 to 4 standard errors remains, as the price of looking at all times."""
    lower, upper = interval(
        Contrast.ABSOLUTE_RISE, (9_000_000, 150_000, 150_000, 700_000, 0), alpha=0.05
    )

    assert lower is not None
    assert upper is not None
    assert 2.5 < (upper - lower) / 2 / np.sqrt(0.03 / 1e7) < 4.5


@pytest.mark.parametrize(
    "contrast", [Contrast.MEAN, Contrast.ABSOLUTE_RISE, Contrast.RELATIVE_RISE]
)
@pytest.mark.parametrize("rates", [(10_000,), (10_000, 300)])
def test_an_interval_is_the_same_alone_and_among_others(contrast, rates):
    """To the last bit: what is drawn does not depend on what else is drawn at that moment."""
    metric = a_metric(kind_of(contrast))
    generator = np.random.default_rng(5)
    places = outcomes.places(metric)
    cells = []
    for size in (3, 40, 900, 10**6):
        for share_hit in (0.3, 1.0) * 20:
            counts = generator.integers(0, size, (len(rates), places))
            counts[:, generator.random(places) > share_hit] = 0
            rows = [tuple(row) for row in counts.tolist()]
            cells.append(dict(zip(rates, rows, strict=True)))

    together = confseq.intervals(metric, contrast, cells, alpha=0.05, rates=rates)

    for accounts, ends in zip(cells, together, strict=True):
        assert confseq.interval(metric, contrast, accounts, alpha=0.05, rates=rates) == ends
    assert confseq.intervals(metric, contrast, cells[3:9], alpha=0.05, rates=rates) == together[3:9]


def test_an_end_is_where_the_bets_just_refute_it():
    """By the definition alone: 16 fractions of the largest legal bet own 16 x 2/alpha there."""
    counts = distances((0, 900), (10, 80), (64, 20))
    lower, upper = interval(Contrast.MEAN, counts, alpha=0.05)
    assert lower is not None
    assert upper is not None

    def owned(candidate: float, sign: int) -> float:
        scores = np.arange(KNOTS) / (KNOTS - 1)
        won = sign * (scores - candidate)
        bets = 0.99 * 1.7 ** -np.arange(16.0) / -won.min()
        pairs = np.array(counts[:-1]) / UNIT
        return float(np.logaddexp.reduce(pairs @ np.log1p(np.outer(won, bets))))

    need = np.log(2 / 0.05) + np.log(16)
    assert owned(lower, 1) == pytest.approx(need, abs=2e-6)
    assert owned(upper, -1) == pytest.approx(need, abs=2e-6)
    assert min(owned(lower, 1), owned(upper, -1)) >= need - 1e-9
