"""
The dashboards are what their code says, keep the rules of good ones, and have something to show.

The rules are those of grafana/dashboard-linter, made again.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

from collections.abc import Iterator

import jsonschema_rs
import pytest

from tests.integration.observability.boards import (
    DASHBOARDS,
    ROOT,
    dashboards,
    panels,
    queries,
)
from tests.integration.observability.record import RECORDED
from tests.integration.observability.recorded import Recorded, filled_in, recorded
from tests.integration.observability.trial_picture import PICTURE, drawing


BOARDS = dashboards()
VALUES = {"$__rate_interval": "30s", "$__interval": "5s", "$__range": "5m", "$trial": "int8"}
SEVERAL = {"trial": ".+", "metric": ".+", "slice": ".+", "instance": ".+"}
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


# --- on a real Prometheus ---


@pytest.fixture(name="known", scope="module")
def _known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A Prometheus that knows a demo run."""
    with recorded(tmp_path_factory.mktemp("recorded")) as known:
        yield known


QUIET = {"shadowmon_assessments_total": "only where a trial has an assessor; the demo has none"}
"""What the demo does not have, with the reason. Other queries of the same panel find something."""

CASES = [(name, where, expr) for name, board in BOARDS.items() for where, expr in queries(board)]


@pytest.mark.parametrize(("name", "where", "expr"), CASES, ids=[f"{a}-{b}" for a, b, _ in CASES])
def test_every_query_has_something_to_show(
    name: str, where: str, expr: str, known: Recorded
) -> None:
    """On the data of a demo run each panel, variable and annotation finds at least one series."""
    del name, where
    whole = filled_in(expr, plain=VALUES, several=SEVERAL)
    is_quiet = any(family in expr for family in QUIET)

    assert bool(known.asked(whole)) is not is_quiet, whole


@pytest.mark.parametrize("name", BOARDS)
def test_no_panel_is_quiet(name: str) -> None:
    """Each panel has a query of which something is known."""
    for panel in panels(BOARDS[name]):
        exprs = [target["expr"] for target in panel["targets"]]
        assert not all(any(family in expr for family in QUIET) for expr in exprs), panel["title"]


def test_the_readmes_picture_is_of_the_recorded_run(known: Recorded) -> None:
    """What the picture shows is what a real Prometheus answers to the panels' queries."""
    again = "draw it again: python -m tests.integration.observability.trial_picture"

    assert drawing(known) == PICTURE.read_text(), again


def test_record_is_small() -> None:
    """What was recorded may lie in the repository."""
    assert RECORDED.stat().st_size < 300_000


def test_provisioning_names_what_is_there() -> None:
    """Grafana's provisioning points at the folder of the dashboards."""
    provider = (ROOT / "grafana" / "provisioning" / "dashboards" / "shadowmon.yaml").read_text()
    source = (ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yaml").read_text()

    assert "type: file" in provider
    assert "exemplarTraceIdDestinations" in source
    assert len(DASHBOARDS) == 3
