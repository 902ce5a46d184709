"""
The dashboards are what their code says, keep the rules of good ones, and have something to show.

The rules are those of grafana/dashboard-linter, made again.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import urllib.parse

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from deploy.observe import free_address, process

from tests.conftest import Prometheus, find, wait_until
from tests.integration.observability.boards import (
    DASHBOARDS,
    ROOT,
    dashboards,
    panels,
    queries,
)
from tests.integration.observability.record import RECORDED


BOARDS = dashboards()
VALUES = {"$__rate_interval": "30s", "$__interval": "5s", "$__range": "5m", "$trial": "int8"}
SEVERAL = {"trial": ".+", "metric": ".+", "slice": ".+", "instance": ".+"}
STEP_SECONDS = 4
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


# --- on a real Prometheus ---


@pytest.fixture(name="recorded", scope="module")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Prometheus' storage with what one was told during a demo run."""
    folder = tmp_path_factory.mktemp("recorded")
    text = folder / "demo.openmetrics"
    text.write_bytes(gzip.decompress(RECORDED.read_bytes()))
    subprocess.run(
        [find("promtool"), "tsdb", "create-blocks-from", "openmetrics", text, folder / "data"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return folder


@pytest.fixture(name="asked", scope="module")
def _asked(recorded: Path) -> Iterator[Callable[[str], list[Any]]]:
    """`asked(expr)` is what a query over the time of the demo run returns."""
    lines = gzip.decompress(RECORDED.read_bytes()).decode().splitlines()
    times = [int(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")]
    first, last = min(times), max(times)
    address = free_address()
    (recorded / "prometheus.yml").write_text("global: {}\n")
    command = [
        find("prometheus"),
        f"--config.file={recorded / 'prometheus.yml'}",
        f"--storage.tsdb.path={recorded / 'data'}",
        f"--web.listen-address={address}",
        "--storage.tsdb.retention.time=100y",
        "--log.level=error",
    ]
    server = Prometheus(f"http://{address}")

    def asked(expr: str) -> list[Any]:
        label = re.fullmatch(r"label_values\((.+), (\w+)\)", expr)
        given: dict[str, Any] = {"start": first, "end": last}
        if label:
            path = f"label/{label[2]}/values"
            given["match[]"] = label[1]
        else:
            path = "query_range"
            given |= {"query": expr, "step": STEP_SECONDS}
        found = server.get(f"/api/v1/{path}?{urllib.parse.urlencode(given)}")
        return list(found if label else found["result"])

    with process(command):
        wait_until(lambda: is_up(server), seconds=15)
        yield asked


def is_up(server: Prometheus) -> bool:
    """Say whether it answers."""
    try:
        server.get("/api/v1/status/buildinfo")
    except OSError:
        return False
    return True


QUIET = {
    "shadowmon_variance_ratio": "told once thousands of pairs were measured",
    "shadowmon_drop_skew_ratio": "told once exchanges were dropped",
    "shadowmon_breaker_open": "told once a model was called in the shadow often enough",
    "shadowmon_shadow_retries_total": "the demo's models answer",
    "shadowmon_assessments_total": "the demo has no assessor",
    "shadowmon_scorer_failures_total": "the demo's scorer does not fail",
    "shadowmon_skipped_total": "all of the demo's requests may be mirrored",
    "shadowmon_notifications_total": "the demo tells nobody",
    "shadowmon_events": "the demo's traffic comes by the proxy",
}
"""What a short demo that goes well does not have. Other queries of the same panel do."""

CASES = [(name, where, expr) for name, board in BOARDS.items() for where, expr in queries(board)]


@pytest.mark.parametrize(("name", "where", "expr"), CASES, ids=[f"{a}-{b}" for a, b, _ in CASES])
def test_every_query_has_something_to_show(
    name: str, where: str, expr: str, asked: Callable[[str], list[Any]]
) -> None:
    """On the data of a demo run each panel, variable and annotation finds at least one series."""
    del name, where

    found = asked(filled_in(expr))

    assert found or any(family in expr for family in QUIET), filled_in(expr)


@pytest.mark.parametrize("name", BOARDS)
def test_no_panel_is_quiet(name: str) -> None:
    """Each panel has a query of which something is known."""
    for panel in panels(BOARDS[name]):
        exprs = [target["expr"] for target in panel["targets"]]
        assert not all(any(family in expr for family in QUIET) for expr in exprs), panel["title"]


def filled_in(expr: str) -> str:
    """Put values in the places of variables, as Grafana does."""
    for name, value in SEVERAL.items():
        expr = expr.replace(f'=~"${name}"', f'=~"{value}"')
    for name, value in VALUES.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, expr
    return expr


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
