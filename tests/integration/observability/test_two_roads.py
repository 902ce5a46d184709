"""
What the daemon tells Alertmanager itself is what Prometheus' rules tell, by another road.

Equal labels are one alert to an Alertmanager, whoever tells of it: nobody is woken twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
import yaml

from shadowmon.notify.alerts import Alert, firing
from shadowmon.records import Phase, Side
from tests.factories import NOON
from tests.integration.observability.boards import ROOT, RULE_TESTS, alerts
from tests.views import a_rule_view, a_trial_view, a_view


RULES = {rule["alert"]: rule for rule in alerts()}
OF_THE_SCRAPE = {"job", "instance"}
"""Prometheus adds these to what is said of a daemon; of a trial they are taken out."""


def pushed() -> dict[str, Alert]:
    """Return every alert that the daemon can tell, by name."""
    trial = a_trial_view(rules=(a_rule_view("core_quality", Side.WORSE, breached=True),))
    state = replace(trial.state, phase=Phase.ROLLED_BACK, drifted=True)
    view = a_view(replace(trial, state=state), store_problem="the disk is full", at=NOON)
    return {dict(alert.labels)["alertname"]: alert for alert in firing(view, {})}


def pulled() -> dict[str, list[set[str]]]:
    """Return the names of the labels of every alert, in each case that makes it fire."""
    found: defaultdict[str, list[set[str]]] = defaultdict(list)
    for file in RULE_TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            for one in case["alert_rule_test"]:
                for alert in one["exp_alerts"]:
                    found[one["alertname"]].append({"alertname", *alert["exp_labels"]})
    return found


PUSHED = pushed()
LABELS = pulled()


def test_there_are_four() -> None:
    """Weight that was taken away, what a person has to do then, a foreign hand, the store."""
    assert set(PUSHED) == {
        "ShadowmonRedLineBreached",
        "ShadowmonAwaitsReArm",
        "ShadowmonWeightDrift",
        "ShadowmonStoreUnwritable",
    }


@pytest.mark.parametrize("name", PUSHED)
def test_both_roads_tell_one_alert(name: str) -> None:
    """It has the rule's name, severity and runbook, and the labels by which it is known."""
    alert, rule = PUSHED[name], RULES[name]
    labels = dict(alert.labels)

    assert labels["severity"] == rule["labels"]["severity"]
    assert alert.runbook == rule["annotations"]["runbook_url"]
    assert all(set(labels) == told - OF_THE_SCRAPE for told in LABELS[name])


@pytest.mark.parametrize("name", sorted(set(PUSHED) - {"ShadowmonStoreUnwritable"}))
def test_of_a_trial_no_scrape_is_named(name: str) -> None:
    """So that the labels of both roads, and of every replica, are equal."""
    assert not any(told & OF_THE_SCRAPE for told in LABELS[name])


def example() -> Any:
    """Return the example's configuration of Alertmanager."""
    return yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())


def test_the_example_groups_both_roads_together() -> None:
    """Where one road names a scrape and the other does not, both are one notification."""
    assert set(example()["route"]["group_by"]) & OF_THE_SCRAPE == set()


def named(matchers: list[str]) -> list[str]:
    """Return the alerts that matchers of an inhibition are about."""
    (matcher,) = matchers
    return matcher.split('"')[1].split("|")


@pytest.mark.parametrize("rule", example()["inhibit_rules"], ids=lambda rule: str(rule["equal"]))
def test_inhibitions_compare_labels_that_there_are(rule: dict[str, Any]) -> None:
    """An alert that lacks a label is never equal to one that has it: nothing would be held back."""
    for name in [*named(rule["source_matchers"]), *named(rule["target_matchers"])]:
        assert any(set(rule["equal"]) <= told for told in LABELS[name]), name
