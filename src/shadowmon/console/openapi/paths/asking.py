"""What people ask for, with who and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.freezes import FREEZE_PATH, UNFREEZE_PATH
from shadowmon.console.openapi.operations import (
    BODY,
    CHANGING,
    OPERATOR,
    TRIAL,
    answers,
    body_of,
    in_path,
    operation,
)
from shadowmon.console.openapi.vocabulary import ref


_SUMMARIES = {
    "pause": "Climb no more until resumed; a roll-back still works",
    "resume": "Climb again",
    "roll-back": "Take all weight away at once; needs a reason",
    "re-arm": "Let a trial that was rolled back begin again; needs a reason",
    "approve": "Agree to the next stage, or to pass a phase; needs a reason",
    "loosen": "Let looser limits of the configuration take effect; needs a reason",
}
_BODIES = {
    "roll-back": "ReasonedOperation",
    "re-arm": "ReasonedOperation",
    "loosen": "Loosening",
    "approve": "Approval",
}
_WHO = {"operator": "ada", "reason": "the new tokenizer is suspect"}


def _operation(word: str, summary: str) -> dict[str, Any]:
    return operation(
        word.replace("-", "_"),
        summary,
        answers("Asked", (*BODY, *CHANGING, 404, 409, 503)),
        parameters=[TRIAL],
        body=body_of(ref(_BODIES.get(word, "Operation")), _WHO),
        security=OPERATOR,
    )


def _hold(name: str, summary: str) -> dict[str, Any]:
    return operation(
        name,
        summary,
        answers("Held", (*BODY, *CHANGING, 409, 503)),
        body=body_of(ref("ReasonedOperation"), _WHO),
        security=OPERATOR,
    )


PATHS: Mapping[str, Mapping[str, Any]] = {
    **{
        f"/api/v1/trials/{{trial}}/{word}": {"post": _operation(word, summary)}
        for word, summary in _SUMMARIES.items()
    },
    FREEZE_PATH: {"post": _hold("freeze", "Let nothing climb, whichever trial; needs a reason")},
    UNFREEZE_PATH: {"post": _hold("unfreeze", "End a freeze; needs a reason")},
    "/api/v1/trials/{trial}/gates/{phase}": {
        "post": operation(
            "gate",
            "The result of a benchmark or a side by side that a trial waits for",
            answers("Asked", (*BODY, *CHANGING, 404, 409, 503)),
            parameters=[
                TRIAL,
                in_path("phase", "before the shadow", {"enum": ["benchmark", "side-by-side"]}),
            ],
            body=body_of(
                ref("GateResult"),
                {"grade": "accept", "sentence": "3 of 3 tasks kept", "reporter": "nightly"},
            ),
            security=OPERATOR,
        )
    },
}
