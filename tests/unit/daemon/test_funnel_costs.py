"""What pairs cost, from the mirror's counters to the curve."""

from __future__ import annotations

import pytest

from shadowmon.console.curve import curve
from shadowmon.daemon.funnel import Passage
from shadowmon.telemetry.tallies import Tallies
from shadowmon.view import Sample
from tests.factories import a_pair, a_reply, an_exchange
from tests.views import INT8, a_trial_view, a_view


def counted(*costs):
    """Return what is counted of pairs (baseline's cost, optimized's; None: not known)."""
    tallies = Tallies()
    for ours, theirs in costs:
        passage = Passage(tallies, an_exchange(), [INT8])
        passage.pair([a_pair(baseline=a_reply(cost=ours), optimized=a_reply(cost=theirs))])
    return tallies


def test_costs_squares_and_products_are_added_up():
    """Of each pair with both costs all is counted that the interval of their ratio is made of."""
    tallies = counted((2.0, 1.0), (4.0, 3.0), (None, 5.0))

    assert tallies.total("pair_costs_total", INT8) == 2
    assert [tallies.total("pair_cost_total", INT8, arm) for arm in ("baseline", "optimized")] == [
        6.0,
        4.0,
    ]
    assert [
        tallies.total("pair_cost_squares_total", INT8, of)
        for of in ("baseline", "optimized", "both")
    ] == [20.0, 10.0, 14.0]


def test_the_curve_reads_what_was_counted():
    """A ratio of a quarter, of pairs that always cost the same, is told without a doubt."""
    tallies = counted(*[(2.0, 0.5)] * 120)
    samples = tuple(
        Sample(name=each.name, labels=each.labels, value=each.value) for each in tallies.snapshot()
    )

    (point,) = curve(a_view(a_trial_view(), samples=samples))["trials"]

    assert point["priced_pairs"] == 120
    assert point["cost_ratio"] == pytest.approx({"estimate": 0.25, "lower": 0.25, "upper": 0.25})
