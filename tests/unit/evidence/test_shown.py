from __future__ import annotations

import json

from typing import Any

import pytest

from shadowmon.evidence import shown
from shadowmon.evidence.confseq import interval
from shadowmon.evidence.sampling import ALL_SAMPLED, EVERY_ONE
from shadowmon.records import Contrast, Counts, MetricKind, Worse
from tests.streams import a_metric


GOOD = a_metric(MetricKind.VERDICTS, worse=Worse.LOWER)
DROP = Contrast.RELATIVE_DROP
BEGUN = (100, 20, 40, 840, 0)


def draw(counts: Counts, drawn: Any = None) -> Any:
    accounts = {EVERY_ONE: counts}
    read = shown.read(GOOD, DROP, accounts)
    (found,) = shown.draw(GOOD, DROP, [(accounts, read, drawn)], alpha=0.05, rates=ALL_SAMPLED)
    return found


def fresh(counts: Counts) -> Any:
    return interval(GOOD, DROP, {EVERY_ONE: counts}, alpha=0.05)


def test_what_is_measured_is_read_off_all_rates():
    """Counts are added, rates and figure are those of all traffic."""
    read = shown.read(GOOD, DROP, {10_000: (0, 0, 0, 100, 1), 1_000: (0, 0, 10, 0, 2)})

    assert (read.count, read.missing) == (110, 3)
    assert (read.baseline_rate, read.optimized_rate) == (1.0, 0.5)
    assert read.estimate == 0.5


def test_an_interval_is_kept_until_its_account_grew_by_a_hundredth():
    """At nine pairs in a thousand it is as it was, at ten it is that of the new account."""
    first = draw(BEGUN)

    assert shown.interval_of(first) == fresh(BEGUN)
    assert draw((100, 20, 40, 849, 0), first) == first
    assert draw((100, 20, 40, 850, 0), first) == [1010, *fresh((100, 20, 40, 850, 0))]


def test_an_interval_that_the_figure_left_is_drawn_again():
    """Nobody is shown a figure beside an interval that it is not in."""
    counts = (100, 20, 40, 840, 0)
    stale = [1000, 0.5, 0.6]

    assert draw(counts, stale) == [1000, *fresh(counts)]


@pytest.mark.parametrize("counts", [(50, 10, 20, 420, 0), (100, 20, 40, 839, 0)])
def test_an_interval_of_an_account_that_shrank_is_drawn_again(counts):
    """What it was drawn of was lost."""
    assert draw(counts, draw(BEGUN)) == [sum(counts), *fresh(counts)]


def test_an_interval_without_ends_is_drawn_as_soon_as_there_is_a_figure():
    """A thousand missing pairs, then a first one: that is no hundredth, and yet there is news."""
    missing = draw((0, 0, 0, 0, 1000))

    assert missing == [1000, None, None]
    assert draw((0, 0, 0, 1, 1000), missing) == [1001, *fresh((0, 0, 0, 1, 1000))]


def test_what_was_drawn_is_json():
    """It is kept between two looks."""
    drawn = draw(BEGUN)

    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn
