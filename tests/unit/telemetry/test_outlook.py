"""Forecasts are made once for each state of a claim, and forgotten with their trials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.evidence.needed import pairs_still_needed
from shadowmon.records import Evidence, Metric, Side, TrialId
from shadowmon.telemetry.outlook import Outlook
from shadowmon.view import RuleView
from tests.views import a_figure, a_rule_view


INT8 = TrialId("int8")
A_CLIMB = a_rule_view("quality", Side.BETTER)
METRIC = a_figure().metric


class Counting:
    """Makes real forecasts, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(
        self, evidence: Evidence, log_e_needed: float, *, metric: Metric | None
    ) -> int | None:
        """Make one."""
        self.made += 1
        return pairs_still_needed(evidence, log_e_needed, metric=metric)


@pytest.fixture(name="counting")
def _counting() -> Counting:
    """Nothing was forecast yet."""
    return Counting()


def test_a_claim_that_has_not_moved_is_forecast_once(counting: Counting) -> None:
    """The next scrape finds the forecast of the one before."""
    outlook = Outlook(counting)

    found = [scraped(outlook, A_CLIMB) for _ in range(3)]

    assert len(set(found)) == 1
    assert found[0] is not None
    assert counting.made == 1


def test_a_claim_that_has_moved_is_forecast_anew(counting: Counting) -> None:
    """Other evidence, or another bar, is another question."""
    outlook = Outlook(counting)
    further = replace(A_CLIMB, evidence=replace(A_CLIMB.evidence, log_e_value=2.5))

    for rule in (A_CLIMB, further, replace(further, log_e_needed=9.0)):
        scraped(outlook, rule)

    assert counting.made == 3


def test_however_many_trials_there_are_each_is_forecast_once(counting: Counting) -> None:
    """None displaces another's forecast."""
    outlook = Outlook(counting)
    trials = [TrialId(f"trial-{number}") for number in range(2_000)]

    for _ in range(2):
        scraped(outlook, A_CLIMB, *trials)

    assert counting.made == len(trials)


def test_nothing_of_a_trial_that_is_gone_is_kept(counting: Counting) -> None:
    """After a scrape without it, it is forecast as if it were new."""
    outlook = Outlook(counting)

    scraped(outlook, A_CLIMB)
    scraped(outlook, A_CLIMB, TrialId("int4"))
    scraped(outlook, A_CLIMB)

    assert counting.made == 3


def test_what_takes_weight_away_is_not_forecast(counting: Counting) -> None:
    """Nobody waits for a red line to be crossed."""
    assert scraped(Outlook(counting), a_rule_view("red", Side.WORSE)) is None
    assert counting.made == 0


def scraped(outlook: Outlook, rule: RuleView, *trials: TrialId) -> int | None:
    """Return what one scrape shows of a claim of each of these trials; of int8's if none is."""
    outlook.begin()
    found = [outlook.pairs_needed(trial, rule, METRIC) for trial in trials or (INT8,)]
    return found[-1]
