"""The dashboards, rules and runbooks as they are shipped, for whoever checks them."""

from __future__ import annotations

import json
import re

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shadowmon.telemetry.families import BY_NAME
from shadowmon.telemetry.family import PREFIX, Kind


ROOT = Path(__file__).resolve().parents[3]
RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yml"))
RULE_TESTS = sorted((ROOT / "deploy" / "prometheus" / "tests").glob("*.test.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
DASHBOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))

_SERIES = re.compile(rf"(?<![:\w]){PREFIX}([a-z_]+)")


def rules() -> list[dict[str, Any]]:
    """Return every rule that is shipped."""
    return [
        rule
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts() -> list[dict[str, Any]]:
    """Return the alerts among them."""
    return [rule for rule in rules() if "alert" in rule]


def dashboards() -> dict[str, dict[str, Any]]:
    """Return every dashboard by its file's name."""
    return {path.stem: json.loads(path.read_text()) for path in DASHBOARDS}


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a dashboard's panels, rows left out."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def queries(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give (where, expression) of every panel, variable and annotation."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]
    for mark in board["annotations"]["list"]:
        if "expr" in mark:
            yield f"annotation {mark['name']}", mark["expr"]


def families_in(text: str) -> set[str]:
    """Return the families that a text names."""
    found = set()
    for name in _SERIES.findall(text):
        base = re.sub(r"_(bucket|count|sum)$", "", name)
        is_part = base in BY_NAME and BY_NAME[base].kind is Kind.HISTOGRAM
        found.add(base if is_part else name)
    return found
