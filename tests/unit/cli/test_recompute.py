"""E-values of an explanation, computed again."""

from __future__ import annotations

import copy
import json

from shadowmon.cli.recompute import checks
from shadowmon.console import shapes
from shadowmon.daemon.portrait import portrait
from shadowmon.records import EVERYTHING, Cell, MetricName, Ticked
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.journals import a_journalled_verdict
from tests.trials import INT8, a_plan
from tests.views import a_trial_view


async def test_a_journalled_verdict_holds():
    """Every rule of a verdict of the journal, and their average, is found again."""
    told = json.loads(json.dumps(await a_journalled_verdict()))

    found = list(checks(told))

    assert len(found) == len(told["rules"]) + 1
    assert all(check.holds for check in found)
    lines = [line for check in found for line in check.lines]
    assert any("fresh beginnings" in line and "as written down" in line for line in lines)
    assert lines[-1].startswith("all rules that can take weight away: log e-value ")


def test_the_present_verdict_holds():
    """What the API tells of now can be computed again as well."""
    trial, _ = Trial.open(a_plan(), now=NOON)
    cell = Cell(trial_id=INT8, epoch=1, stage=0, metric=MetricName("correct"), slice=EVERYTHING)
    trial.handle(Ticked(now=NOON, totals={cell: (10, 3, 7, 300, 1)}))

    found = list(checks(json.loads(json.dumps(shapes.explain(portrait(trial, 0))))))

    assert found
    assert all(check.holds for check in found)


async def test_another_e_value_is_noticed():
    """A verdict that claims more than its counts prove does not hold, nor does the average then."""
    told = copy.deepcopy(await a_journalled_verdict())
    told["rules"][0]["log_e_value"] += 1e-6
    told["roll_back"]["log_e_value"] += 1e-6

    first, *rest, last = checks(told)

    assert not first.holds
    assert first.lines[0].endswith("by hand: NOT THE SAME")
    assert all(check.holds for check in rest)
    assert not last.holds


async def test_counts_that_are_not_the_verdict_s():
    """A receipt of other counts than the verdict was given on is no proof of it."""
    told = copy.deepcopy(await a_journalled_verdict())
    told["rules"][0]["counts"][2] += 1

    first = next(iter(checks(told)))

    assert not first.holds
    assert "but it is not of the counts" in first.lines[-1]


def test_verdicts_without_receipts():
    """What was written down without its bets cannot be computed again, and that is no agreement."""
    found = list(checks(shapes.explain(a_trial_view())))

    assert found
    assert not any(check.holds for check in found)
    assert "cannot be computed again" in found[0].lines[0]
