"""
The dashboards are what their code says, and keep the rules of good ones.

The rules are those of grafana/dashboard-linter, made again. What their queries find is in
test_answers.py.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

from typing import Any

import jsonschema_rs
import pytest

from tests.integration.observability.boards import (
    DASHBOARDS,
    ROOT,
    dashboards,
    panels,
    queries,
)


BOARDS = dashboards()
SCHEMA = ROOT / "tests" / "data" / "grafana" / "dashboard.jsonschema.json"


def test_there_are_three() -> None:
    """Fleet, trial and daemon."""
    assert set(BOARDS) == {"fleet", "trial", "daemon"}


def test_they_are_what_their_code_says() -> None:
    """To generate them again changes no byte."""
    checked = subprocess.run(
        [sys.executable, "-m", "grafana.src", "--check"], cwd=ROOT, check=False, timeout=60
    )

    assert checked.returncode == 0, "write them again: python -m grafana.src"


def test_they_follow_grafanas_schema() -> None:
    """Nothing is misspelt or of the wrong type, as far as Grafana's own schema says."""
    schema = json.loads(SCHEMA.read_text())
    definitions = schema["definitions"]
    definitions["MatcherConfig"]["properties"]["options"] = {}
    definitions["DynamicConfigValue"]["properties"]["value"] = {}
    validator = jsonschema_rs.Draft7Validator(schema)

    for board in BOARDS.values():
        assert [error.message for error in validator.iter_errors(board)] == []
        assert not validator.is_valid({**board, "refres": "5s"})
        assert not validator.is_valid({**board, "panels": [{"gridPos": {"x": "a"}}]})


@pytest.mark.parametrize("name", BOARDS)
def test_numbers_and_places(name: str) -> None:
    """Panels have numbers of their own, lie inside 24 columns, and none lies on another."""
    board = BOARDS[name]
    ids = [panel["id"] for panel in board["panels"]]
    taken = [
        (column, row)
        for panel in board["panels"]
        for place in [panel["gridPos"]]
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]

    assert ids == list(range(1, len(ids) + 1))
    assert len(taken) == len(set(taken))
    assert all(column < 24 for column, _ in taken)


@pytest.mark.parametrize("name", BOARDS)
def test_dashboard_rules(name: str) -> None:
    """A dashboard has a uid and a tag, cannot be edited, and lets one choose the data source."""
    board = BOARDS[name]
    source, *variables = board["templating"]["list"]

    assert board["uid"] == f"shadowmon-{name}"
    assert board["tags"] == ["shadowmon"]
    assert board["editable"] is False
    assert board["schemaVersion"] == 42
    assert (source["type"], source["query"], source["name"]) == (
        "datasource",
        "prometheus",
        "datasource",
    )
    for variable in variables:
        assert variable["refresh"] == 2, "on a change of the time range"
        assert variable["datasource"]["uid"] == "${datasource}"
        assert variable["label"]


@pytest.mark.parametrize("name", BOARDS)
def test_panel_rules(name: str) -> None:
    """A panel has a title, a sentence, a unit, targets, and asks the chosen data source."""
    titles = []
    for panel in panels(BOARDS[name]):
        titles.append(panel["title"])
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        for source in [panel["datasource"], *(one["datasource"] for one in panel["targets"])]:
            assert source == {"type": "prometheus", "uid": "${datasource}"}
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", BOARDS)
def test_target_rules(name: str) -> None:
    """Counters are asked for their rate over an interval that fits the scrapes, and never raw."""
    for where, expr in queries(BOARDS[name]):
        for window in re.findall(r"\[([^\]]+)\]", expr):
            assert window == "$__rate_interval", where
        if where.startswith("variable") or " - sum(" in expr:
            continue
        for counter in re.finditer(r"shadowmon_\w+_(?:total|bucket)\b", expr):
            before = expr[: counter.start()]
            assert re.search(r"(rate|increase|changes)\($", before), (where, expr)


@pytest.mark.parametrize("name", BOARDS)
def test_every_target_is_told_apart(name: str) -> None:
    """Targets of a panel have letters of their own."""
    for panel in panels(BOARDS[name]):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters)), panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_bands_end_at_a_line_that_there_is(name: str) -> None:
    """Grafana fills down to the line of exactly that name: one without a label in it."""
    for panel in panels(BOARDS[name]):
        legends = {target["legendFormat"] for target in panel["targets"]}
        for override in panel["fieldConfig"]["overrides"]:
            for made in override["properties"]:
                if made["id"] == "custom.fillBelowTo":
                    assert {override["matcher"]["options"], made["value"]} <= legends


@pytest.mark.parametrize("title", ["Ready", "Journal writable"])
def test_what_is_not_well_is_red(title: str) -> None:
    """Where 1 is well, a 0 says so in a word and in red."""
    (panel,) = (each for each in panels(BOARDS["daemon"]) if each["title"] == title)
    (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]

    assert (mapping["options"]["0"]["text"], mapping["options"]["0"]["color"]) == ("no", "red")


def test_that_no_alert_fires_is_no_lack_of_data() -> None:
    """ALERTS has no series then; the panel says so."""
    (panel,) = (each for each in panels(BOARDS["fleet"]) if each["title"] == "Alerts firing")

    assert panel["fieldConfig"]["defaults"]["noValue"] == "none"


RATE_UNITS = {"reqps", "cps"}


@pytest.mark.parametrize("name", BOARDS)
def test_shares_and_states_are_not_called_a_rate(name: str) -> None:
    """In a panel of so many a second, what is none has a unit of its own, on the right."""
    for panel in panels(BOARDS[name]):
        if panel["fieldConfig"]["defaults"]["unit"] not in RATE_UNITS:
            continue
        for target in panel["targets"]:
            if "rate(" not in target["expr"]:
                assert {"percentunit", "short"} & set(units_of(panel, target["legendFormat"])), (
                    panel["title"],
                    target["legendFormat"],
                )


def units_of(panel: dict[str, Any], legend: str) -> list[str]:
    """Return the units that overrides by a regular expression give to a legend."""
    return [
        made["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["id"] == "byRegexp"
        and re.search(override["matcher"]["options"].strip("/"), legend)
        for made in override["properties"]
        if made["id"] == "unit"
    ]


def test_provisioning_names_what_is_there() -> None:
    """Grafana's provisioning points at the folder of the dashboards."""
    provider = (ROOT / "grafana" / "provisioning" / "dashboards" / "shadowmon.yaml").read_text()
    source = (ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yaml").read_text()

    assert "type: file" in provider
    assert "exemplarTraceIdDestinations" in source
    assert len(DASHBOARDS) == 3
