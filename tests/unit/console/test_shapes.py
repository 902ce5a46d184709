"""The view as JSON."""

from __future__ import annotations

import json
import math

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shadowmon.console import shapes
from shadowmon.records import EntryKind, Grade, Side, Weight
from tests.factories import NOON
from tests.views import (
    a_figure,
    a_row,
    a_rule_view,
    a_trial_view,
    a_verdict,
    a_verdict_row,
    a_view,
)


def test_weight_in_two_units():
    """A share is told in basis points, which are exact, and in percent, for people."""
    assert shapes.weight(Weight(7)) == {"basis_points": 7, "percent": 0.07}
    assert shapes.weight(None) is None


def test_time_is_rfc_3339():
    """A time is in UTC, with a Z, to the millisecond."""
    berlin = datetime(2026, 1, 1, 13, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=1)))

    assert shapes.timestamp(berlin) == "2026-01-01T12:00:00.123Z"
    assert shapes.timestamp(None) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "-Infinity", None])
def test_no_number_is_null(value):
    """What JSON has no number for is null."""
    assert shapes.number(value) is None


def test_everything_is_json():
    """Whatever the figures are, every answer is JSON without a NaN in it."""
    figure = a_figure(estimate=math.nan, lower=-math.inf, upper=math.inf, baseline_rate=None)
    rule = a_rule_view(log_e=math.nan)
    trial = a_trial_view(
        figures=(figure,), rules=(rule,), verdict=a_verdict(rule), log_e_roll_back=-math.inf
    )
    view = a_view(trial, tick_seconds=math.nan)

    for shape in (shapes.status(view), shapes.trials(view), shapes.explain(trial)):
        json.dumps(shape, allow_nan=False)
    row = a_row(1, data={"figures": [math.nan, {"x": -math.inf}]})
    assert shapes.entry(row)["data"] == {"figures": [None, {"x": None}]}


def test_race():
    """A claim's logarithm, need, e-value and how far it has come are told together."""
    (rule, *_) = shapes.trial(a_trial_view())["rules"]

    assert rule["log_e_value"] == 1.5
    assert rule["e_value"] == math.exp(1.5)
    assert rule["percent_of_need"] == 50.0


@pytest.mark.parametrize(
    ("log_e", "e_value", "percent"),
    [(-math.inf, None, 0.0), (-1.0, math.exp(-1), 0.0), (1000.0, None, 100_000 / 3)],
)
def test_race_at_its_ends(log_e, e_value, percent):
    """An e-value of zero, below one, or beyond a float still has its place in the race."""
    race = shapes.trial(a_trial_view(rules=(a_rule_view(log_e=log_e),)))["rules"][0]

    assert (race["e_value"], race["percent_of_need"]) == (e_value, pytest.approx(percent))


def test_present_stage_is_marked():
    """Of the stages the present one is marked, and only that one."""
    stages = shapes.trial(a_trial_view())["stages"]

    assert [stage["name"] for stage in stages if stage["present"]] == ["10%"]
    assert stages[1]["weight"] == {"basis_points": 1000, "percent": 10.0}


def test_explanation_joins_rules_and_reasons():
    """Each rule is explained by its reason's sentence, counts and what else it takes."""
    told = shapes.explain(a_trial_view())

    quality, core, edge = told["rules"]
    assert quality["sentence"] == "quality: not proven yet"
    assert quality["counts"] == [2200, 40, 17, 53, 4]
    assert core["recompute"] == {"weight_in_average": 0.5}
    assert (edge["armed"], told["entry"]) == (False, None)


def test_rule_without_a_reason():
    """A rule that the verdict does not speak of is explained by its evidence alone."""
    told = shapes.explain(a_trial_view(verdict=None))

    assert told["verdict"] is None
    assert told["rules"][0]["sentence"] == ""
    assert told["rules"][0]["counts"] == [2200, 40, 17, 53, 4]


def test_journalled_verdict_is_explained_alike():
    """A verdict from the journal is explained in the same form, with the numbers of its time."""
    rules = (a_rule_view(), a_rule_view("core_quality", Side.WORSE, -math.inf))
    now = shapes.explain(a_trial_view(rules=rules, verdict=a_verdict(*rules)))

    then = shapes.explain_entry(a_verdict_row(17, a_verdict(*rules)))

    assert (then["entry"], then["hash"]) == (17, f"{17:064x}")
    assert then["verdict"] == now["verdict"]
    assert then["roll_back"]["log_e_needed"] == 3.0
    assert then["rules"][1]["log_e_value"] is None
    assert then["rules"][1]["percent_of_need"] == 0.0
    for old, new in zip(then["rules"], now["rules"], strict=True):
        same = old.keys() - {"weight_in_average", "missing", "baseline_rate", "optimized_rate"}
        assert {key: old[key] for key in same} == {key: new[key] for key in same}


def test_breached_red_line_is_marked():
    """In a journalled verdict the rule that took the weight away is marked."""
    rules = (a_rule_view("core_quality", Side.WORSE, 2.0), a_rule_view())
    verdict = a_verdict(*rules, grade=Grade.RED_LINE)

    told = shapes.explain_entry(a_verdict_row(3, verdict))

    assert [rule["breached"] for rule in told["rules"]] == [True, False]


def test_journal_page():
    """A page tells the number to go on with, until there is nothing before it."""
    page = shapes.journal([a_row(9), a_row(8, EntryKind.OPERATION)])

    assert [entry["number"] for entry in page["entries"]] == [9, 8]
    assert page["next_before"] == 8
    assert shapes.journal([a_row(1)])["next_before"] is None
    assert shapes.journal([]) == {"entries": [], "next_before": None}


def test_status_is_ready_without_problems():
    """A daemon is ready exactly if it has no problems."""
    assert shapes.status(a_view())["ready"]
    assert not shapes.status(a_view(problems=("no tick yet",)))["ready"]


def test_weight_not_yet_known():
    """A weight that was not read back yet is null."""
    trial = a_trial_view()
    trial = replace(trial, state=replace(trial.state, applied_weight=None, cooldown_until=NOON))

    told = shapes.trial(trial)

    assert told["applied_weight"] is None
    assert told["state"]["cooldown_until"] == "2026-01-01T12:00:00.000Z"
