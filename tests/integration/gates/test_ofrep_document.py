"""OFREP's own description, tried out by a stranger (schemathesis)."""

from __future__ import annotations

import json

from pathlib import Path
from typing import Any

from tests.consoles import a_desk, running
from tests.schemathesis_runs import failures
from tests.whole_console import everything_beside


OFREP = Path(__file__).parents[2] / "data" / "openapi" / "ofrep.json"


def the_document() -> dict[str, Any]:
    """Return it with two places mended: see the README beside it."""
    document: dict[str, Any] = json.loads(OFREP.read_text())
    del document["security"]
    document["components"]["schemas"]["codeDefaultFlag"]["not"] = {"required": ["value"]}
    return document


def test_flags_are_evaluated_as_the_protocol_says(tmp_path):
    """Every request that OFREP allows or forbids is answered as OFREP says."""
    path = tmp_path / "ofrep.json"
    path.write_text(json.dumps(the_document()))
    desk = a_desk()
    with running(desk, **everything_beside(desk)) as address:
        found = failures(
            path, f"http://{address}", "--phases", "examples,coverage,fuzzing", examples=40
        )

    assert not found, found
