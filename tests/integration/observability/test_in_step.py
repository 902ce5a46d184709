"""Code, rules, dashboards and runbooks speak of the same things."""

from __future__ import annotations

import re

from argparse import _SubParsersAction
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowmon.cli.main import parser
from shadowmon.mirror.pairing import UNPAIRED_REASONS
from shadowmon.telemetry.families import BY_NAME, FATES
from shadowmon.telemetry.funnel import TRIAL_FATES
from tests.integration.observability.boards import (
    ROOT,
    RULES,
    RUNBOOKS,
    alerts,
    dashboards,
    families_in,
    panels,
    queries,
)


UNUSED = yaml.safe_load(Path(__file__).with_name("unused.yml").read_text())
LEFT_OUT = yaml.safe_load((ROOT / "deploy" / "prometheus" / "left-out.yml").read_text())
ALERTS = {alert["alert"]: alert for alert in alerts()}
ASKED = "\n".join(
    [*(rule.read_text() for rule in RULES)]
    + [expr for board in dashboards().values() for _, expr in queries(board)]
)


def test_whatever_is_asked_for_exists() -> None:
    """Rules, dashboards and runbooks name no family that the daemon does not have."""
    pages = "\n".join(page.read_text() for page in RUNBOOKS.glob("*.md"))

    assert families_in(ASKED + pages) <= set(BY_NAME)


def test_whatever_exists_is_asked_for() -> None:
    """Each family is on a dashboard or in a rule, or is listed as unused with a reason."""
    assert set(BY_NAME) - families_in(ASKED) == set(UNUSED)
    assert all(UNUSED.values())


def test_alerts_that_are_left_out_could_not_be_made() -> None:
    """An alert is left out only as long as the families that it waits for do not exist."""
    for each in LEFT_OUT:
        assert each["alert"] not in ALERTS
        assert not set(each["waits_for"]) & set(BY_NAME), each["alert"]
        assert each["reason"]


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_every_alert_has_a_runbook(alert: dict[str, Any]) -> None:
    """Its page says what it means, what users notice, what to type first, and how to undo."""
    notes = alert["annotations"]
    page = ROOT / notes["runbook_url"]
    text = page.read_text()
    commands = re.search(r"```sh\n(.*?)```", text, re.DOTALL)

    assert notes["summary"]
    assert notes["description"]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert page == RUNBOOKS / f"{alert['alert']}.md"
    assert re.findall(r"^#+ (.+)$", text, re.MULTILINE) == [
        alert["alert"],
        "Meaning",
        "Impact",
        "First three commands",
        "How to undo",
    ]
    assert commands
    assert len(commands[1].splitlines()) == 3


def test_no_runbook_without_an_alert() -> None:
    """Every page belongs to an alert, and the list of pages is whole."""
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    listed = re.findall(
        r"^- \[(\w+)\]\(\1\.md\)", (RUNBOOKS / "README.md").read_text(), re.MULTILINE
    )

    assert pages == set(ALERTS) == set(listed)


def test_the_list_of_pages_has_whole_sentences() -> None:
    """Each line says what its page is about, and was not cut at a decimal point."""
    lines = re.findall(
        r"^- \[\w+\]\(\w+\.md\): (.+)$", (RUNBOOKS / "README.md").read_text(), re.MULTILINE
    )

    assert len(lines) == len(ALERTS)
    assert [line for line in lines if not re.search(r"[a-z)]\.$", line)] == []


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_panel(name: str) -> None:
    """A panel's sentence names the alert, and the alert's page names a panel that there is."""
    titles = {
        f"{board['title'].removeprefix('shadowmon / ')}: {panel['title']}": panel["description"]
        for board in dashboards().values()
        for panel in panels(board)
    }
    (named,) = re.findall(r"On the dashboards: \*(.+)\*", (RUNBOOKS / f"{name}.md").read_text())

    assert named in titles
    assert re.search(rf"\b{name}\b", titles[named])


def test_every_cause_of_silence_is_in_its_runbook() -> None:
    """Whatever the alert can name as the cause, its page says what to look at."""
    page = (RUNBOOKS / "ShadowmonShadowSilent.md").read_text()
    causes = {*FATES, *TRIAL_FATES} - {"mirrored", "unwatched"}
    causes |= {f"unpaired_{reason}" for reason in UNPAIRED_REASONS}
    causes |= {f"unscorable_{reason}" for reason in BY_NAME["unscorable_total"].closed["reason"]}
    causes |= {"no_traffic", "not_taken", "unknown"}

    assert {cause for cause in causes if f"`{cause}`" not in page} == set()


def test_commands_of_runbooks_exist() -> None:
    """Every `shadowmon` command that a page tells to type is one."""
    text = "\n".join(page.read_text() for page in RUNBOOKS.glob("*.md"))
    (commands,) = (
        set(action.choices) for action in parser()._actions if isinstance(action, _SubParsersAction)
    )
    typed = set(re.findall(r"(?:^|`)shadowmon ((?:[a-z]+-)*[a-z]+)", text, re.MULTILINE))

    assert typed <= commands, typed - commands
