"""The rules and examples that are shipped are valid, and every alert fires when it should."""

from __future__ import annotations

import re
import subprocess

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from tests.conftest import find
from tests.integration.observability.boards import ROOT, RULE_TESTS, RULES, alerts


Promtool = Callable[..., CompletedProcess[str]]

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_rules_are_valid(file: Path, promtool: Promtool) -> None:
    """Prometheus' own tool finds nothing to complain about."""
    checked = promtool("check", "rules", "--lint=all", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.name)
def test_alerts_fire_when_they_should(file: Path, promtool: Promtool) -> None:
    """Each alert fires in its case, not before its time, and not without it."""
    checked = promtool("test", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_a_case() -> None:
    """No alert is shipped that no case makes fire, and none that no case keeps quiet."""
    fired: set[str] = set()
    quiet: set[str] = set()
    for file in RULE_TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            for one in case["alert_rule_test"]:
                (fired if one["exp_alerts"] else quiet).add(one["alertname"])

    assert fired == quiet == {alert["alert"] for alert in alerts()}


def test_silence_has_many_causes() -> None:
    """The cases of ShadowmonShadowSilent name at least a dozen different causes."""
    cases = yaml.safe_load((PROMETHEUS / "tests" / "shadow.test.yml").read_text())["tests"]
    causes = {
        alert["exp_labels"]["cause"]
        for case in cases
        for one in case["alert_rule_test"]
        if one["alertname"] == "ShadowmonShadowSilent"
        for alert in one["exp_alerts"]
    }

    assert len(causes) >= 12


def test_example_of_prometheus(promtool: Promtool) -> None:
    """The example's configuration finds the rules beside it."""
    checked = promtool("check", "config", PROMETHEUS / "prometheus.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULES)} rule files found" in checked.stdout


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_example_of_alertmanager(severity: str) -> None:
    """What pages goes to the pager, and what waits goes to the tracker."""
    amtool = find("amtool")
    asked = ["config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}"]
    checked = [
        subprocess.run([amtool, *words], capture_output=True, text=True, check=True, timeout=30)
        for words in (["check-config", str(ALERTMANAGER)], asked)
    ]

    assert "SUCCESS" in checked[0].stdout
    assert checked[1].stdout.split() == [severity]


# --- do the cases see every threshold? ---

_NUMBER = re.compile(r"(?<=[=<>] )(\d+(?:\.\d+)?)\b")
_WAIT = re.compile(r"(?<=^        for: )(\d+)(?=[smh]$)", re.MULTILINE)


def mutants() -> Iterator[tuple[str, Path, str]]:
    """Give each rule file with one threshold, or one waiting time, ten times as large or small."""
    for file in RULES:
        text = file.read_text()
        for found in [*_NUMBER.finditer(text), *_WAIT.finditer(text)]:
            value = float(found[1])
            if not value:
                continue  # ten times nothing is nothing
            for factor in (10, 0.1):
                new = scaled(found, value * factor)
                line = text.count("\n", 0, found.start()) + 1
                mutant = text[: found.start()] + new + text[found.end() :]
                yield f"{file.name}:{line} {found[1]} -> {new}", file, mutant


def scaled(found: re.Match[str], value: float) -> str:
    """Write a threshold, or a duration, which must be whole."""
    return f"{value:g}" if found.re is _NUMBER or value >= 1 else "0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "mutant"), [pytest.param(file, mutant, id=name) for name, file, mutant in mutants()]
)
def test_no_threshold_can_change_unseen(
    file: Path, mutant: str, tmp_path: Path, promtool: Promtool
) -> None:
    """A threshold, or a wait, that is ten times as large or small fails a case."""
    (tmp_path / "tests").mkdir()
    for each in RULES:
        (tmp_path / each.name).write_text(mutant if each == file else each.read_text())
    stem = file.name.removesuffix(".rules.yml")
    results = []
    for cases in RULE_TESTS:
        if f"../{file.name}" in yaml.safe_load(cases.read_text())["rule_files"]:
            copy = tmp_path / "tests" / cases.name
            copy.write_text(cases.read_text())
            results.append(promtool("test", "rules", copy).returncode)
            if results[-1]:
                break

    assert any(results), f"no case of {stem} sees it"
