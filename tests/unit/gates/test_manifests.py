"""The manifests in deploy/ are what their controllers take, and name paths that are served."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from shadowmon.gates.flagger import Hook


DEPLOY = Path(__file__).parents[3] / "deploy"
ARGO = sorted((DEPLOY / "argo").glob("*.yaml"))
FLAGGER = DEPLOY / "flagger" / "canary.yaml"


def metric(path):
    """Return the one metric of a template."""
    (found,) = yaml.safe_load(path.read_text())["spec"]["metrics"]
    return found


def test_there_are_templates():
    """An empty folder would prove nothing."""
    assert {path.stem for path in ARGO} >= {"analysis-abort", "analysis-pause"}


@pytest.mark.parametrize("path", ARGO, ids=lambda path: path.stem)
def test_argo_waits_for_evidence(path):
    """Each template says what inconclusive measurements do, and asks a path that is served."""
    found = metric(path)
    provider = found["provider"]

    asked = provider["web"]["url"] if "web" in provider else provider["kayenta"]["address"]
    assert "inconclusiveLimit" in found
    assert urlsplit(asked).path.startswith("/api/v1/gates/")


def test_a_failed_verdict_aborts_and_a_pausing_one_does_not():
    """The aborting template fails on `fail`; the pausing one never fails."""
    conditions = {path.stem: metric(path).get("failureCondition") for path in ARGO}

    assert conditions["analysis-abort"] == 'result.verdict == "fail"'
    assert conditions["analysis-pause"] == "false"


def test_every_hook_of_the_canary_is_one():
    """Each hook in the example asks the path of its own type."""
    hooks = yaml.safe_load(FLAGGER.read_text())["spec"]["analysis"]["webhooks"]

    for hook in hooks:
        assert hook["type"] in set(Hook)
        assert urlsplit(hook["url"]).path == f"/api/v1/gates/flagger/{hook['type']}"
        assert hook["metadata"]["trial"]
