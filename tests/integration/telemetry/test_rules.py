"""The alerts that are shipped fire when they should, say what to do, and ask for what exists."""

from __future__ import annotations

import re

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from shadowmon.telemetry.families import BY_NAME, PREFIX


ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "prometheus" / "shadowmon.rules.yml"
CASES = Path(__file__).with_name("shadowmon.rules.test.yml")

Promtool = Callable[..., CompletedProcess[str]]


def alerts() -> list[dict[str, Any]]:
    """Return the alerts that are shipped."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_rules_are_valid(promtool: Promtool) -> None:
    """Prometheus' own tool finds nothing to complain about."""
    checked = promtool("check", "rules", "--lint=all", RULES)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_rules_fire_when_they_should(promtool: Promtool) -> None:
    """Each alert fires in its case, not before its time, and not without it."""
    checked = promtool("test", "rules", CASES)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_a_case() -> None:
    """No alert is shipped that no case makes fire."""
    cases = yaml.safe_load(CASES.read_text())["tests"]
    fired = {
        one["alertname"]
        for case in cases
        for one in case.get("alert_rule_test", [])
        if one.get("exp_alerts")
    }

    assert fired == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_every_alert_has_a_runbook(alert: dict[str, Any]) -> None:
    """Each alert says what it means and names a section of the runbooks."""
    notes = alert["annotations"]
    page, _, anchor = notes["runbook_url"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(), re.MULTILINE)

    assert notes["summary"]
    assert notes["description"]
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_rules_ask_for_what_exists() -> None:
    """Rules and runbooks name no family that the daemon does not have."""
    text = RULES.read_text() + (ROOT / "docs" / "runbooks.md").read_text()
    asked = set(re.findall(rf"(?<![:\w]){PREFIX}(\w+)", text))

    assert asked
    assert asked <= set(BY_NAME)
