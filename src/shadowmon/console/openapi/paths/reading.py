"""What people and their tools read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.curve import CURVE_PATH
from shadowmon.console.openapi.operations import TRIAL, in_json, in_query, operation, reading
from shadowmon.console.openapi.vocabulary import text
from shadowmon.notify.notifier import DEAD_PATH, RECEIVERS_PATH


_ENTRY = {"type": "integer", "minimum": 1, "maximum": 2**53}
_PAGE = (
    in_query("trial", "entries of one trial only", text()),
    in_query("before", "entries with a smaller number only", _ENTRY),
    in_query(
        "limit",
        "how many at most; 100 if not given",
        {"type": "integer", "minimum": 1, "maximum": 1000},
    ),
)

PATHS: Mapping[str, Mapping[str, Any]] = {
    "/": {"get": reading("front", "What is here?", "Front")},
    "/api/v1/status": {"get": reading("status", "The daemon in short", "Status")},
    "/api/v1/trials": {"get": reading("trials", "Every trial", "Trials")},
    "/api/v1/trials/{trial}": {
        "get": reading("trial", "One trial", "Trial", [TRIAL], errors=(404,))
    },
    "/api/v1/trials/{trial}/explain": {
        "get": reading(
            "explain",
            "All that is needed to compute a verdict again",
            "Explanation",
            [TRIAL, in_query("entry", "number of a journalled verdict", _ENTRY)],
            errors=(404, 503),
        )
    },
    "/api/v1/journal": {
        "get": reading("journal", "What happened, newest first", "Journal", _PAGE, errors=(503,))
    },
    CURVE_PATH: {
        "get": reading(
            "curve", "Cost against quality: each trial's point beside published ones", "Curve"
        )
    },
    RECEIVERS_PATH: {
        "get": reading("receivers", "How each receiver took its last message", "Receivers")
    },
    DEAD_PATH: {
        "get": reading(
            "dead_letters",
            "Messages that were given up, newest first",
            "DeadLetters",
            errors=(503,),
        )
    },
    "/api/v1/openapi.json": {
        "get": operation(
            "openapi", "This description", {"200": in_json("the description", {"type": "object"})}
        )
    },
}
