"""Cost against quality, as it is told."""

from __future__ import annotations

import json

from dataclasses import replace

import pytest

from shadowmon.console.curve import curve
from shadowmon.console.reference_points import REFERENCE_POINTS
from shadowmon.records import Contrast
from shadowmon.view import Sample
from tests.views import a_figure, a_trial_view, a_view


def costs(*pairs):
    """Return what two processes counted of pairs (baseline's cost, optimized's)."""
    for baseline, optimized in pairs:
        yield Sample(name="pair_costs_total", labels=("int8",), value=1.0)
        for arm, cost in (("baseline", baseline), ("optimized", optimized)):
            yield Sample(name="pair_cost_total", labels=("int8", arm), value=cost)
        for of, value in (
            ("baseline", baseline * baseline),
            ("optimized", optimized * optimized),
            ("both", baseline * optimized),
        ):
            yield Sample(name="pair_cost_squares_total", labels=("int8", of), value=value)


def point(*samples, **changes):
    """Return the one trial's point."""
    told = curve(a_view(a_trial_view(**changes), samples=samples))
    json.dumps(told, allow_nan=False)
    return told["trials"][0]


def test_a_cost_ratio():
    """The ratio is of both arms' whole cost, whoever counted it; its interval comes with pairs."""
    told = point(*costs((6.0, 1.5), (2.0, 0.5)))

    assert told["cost_ratio"] == {"estimate": 0.25, "lower": None, "upper": None}
    assert told["priced_pairs"] == 2


def test_a_cost_ratio_with_its_interval():
    """With enough pairs the interval holds the ratio between its ends."""
    found = point(*costs((6.0, 1.0), (2.0, 1.0)), *costs(*[(6.0, 2.0), (2.0, 0.5)] * 100))

    ratio = found["cost_ratio"]
    assert 0.2 < ratio["lower"] < ratio["estimate"] < ratio["upper"] < 0.5


@pytest.mark.parametrize("pairs", [[], [(0.0, 2.0)]])
def test_no_cost_ratio(pairs):
    """Without a price, or against nothing, there is no ratio; never a division by zero."""
    assert point(*costs(*pairs))["cost_ratio"] is None


def test_quality_is_what_is_kept():
    """What may be lost at most is what is kept at least."""
    assert point()["quality"] == {
        "estimate": pytest.approx(1 - 0.0103),
        "lower": pytest.approx(1 - 0.022),
        "upper": pytest.approx(1 + 0.002),
    }


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ((), None),
        ((replace(a_figure(), contrast=Contrast.ABSOLUTE_RISE),), None),
        (
            (a_figure(estimate=None, lower=None, upper=float("inf")),),
            {"estimate": None, "lower": None, "upper": None},
        ),
    ],
)
def test_what_is_not_known_is_null(figures, expected):
    """A figure that is not there, or is of another kind, gives no quality."""
    assert point(figures=figures)["quality"] == expected


@pytest.mark.parametrize("reference", REFERENCE_POINTS, ids=lambda point: point.name)
def test_every_reference_says_where_it_is_from(reference):
    """A published figure has a source, a place on one of the axes, and a range that is one."""
    assert reference.source
    assert (reference.cost_ratio is None) != (reference.weight_bits is None)
    assert 0 < reference.lower <= reference.upper < 1.02
