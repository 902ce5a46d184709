"""Flagger's hooks, and the paths of its load tester."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.openapi.operations import (
    CHANGING,
    OPERATOR,
    Responses,
    body_of,
    in_path,
    in_text,
    operation,
    refusals,
)
from shadowmon.console.openapi.vocabulary import one_of, ref
from shadowmon.gates import flagger
from shadowmon.gates.flagger import Gate, Hook


_CANARY = {
    "name": "int8",
    "namespace": "models",
    "phase": "Progressing",
    "checksum": "85d557f47b",
    "metadata": {"version": "2"},
}
_UNREADABLE: Responses = {
    "400": in_text("it is none of Flagger's", "this is no JSON of Flagger's", or_error=True),
    "404": in_text(
        "no trial is called so; whatever is asked", "no trial is called int-8; there are: int8"
    ),
    **refusals((408, 413)),
}
_YES = in_text("yes", "Approved")
_NO = in_text("no, and why", "Forbidden: insufficient: quality is not proven yet")

_SUMMARIES: Mapping[Gate, tuple[str, Responses]] = {
    Gate.APPROVE: ("Always open", {"200": _YES}),
    Gate.HALT: ("Always shut", {"403": in_text("no", "Forbidden")}),
    Gate.CHECK: ("Does the trial pass?", {"200": _YES, "403": _NO}),
    Gate.ROLLBACK_CHECK: ("Has the trial failed?", {"200": _YES, "403": _NO}),
    Gate.OPEN: ("Resume a trial", {}),
    Gate.CLOSE: ("Pause a trial", {}),
    Gate.ROLLBACK_OPEN: ("Roll a trial back", {}),
    Gate.ROLLBACK_CLOSE: ("Re-arm a trial; needs metadata.reason", {}),
}


def _gate(gate: Gate) -> dict[str, Any]:
    summary, told = _SUMMARIES[gate]
    operates = gate in flagger.OPERATIONS
    if operates:
        told = {
            "202": in_text("done, or so already", "Accepted"),
            "409": in_text("it may not be done now", "trial int8 is promoted"),
            **refusals(CHANGING),
        }
    if gate is Gate.ROLLBACK_CLOSE:
        told["422"] = in_text("there is no reason", "to re-arm needs metadata.reason")
    return operation(
        gate.value.strip("/").replace("/", "_"),
        summary,
        {**told, **_UNREADABLE},
        body=body_of(ref("Canary"), _CANARY),
        security=OPERATOR if operates else (),
    )


PATHS: Mapping[str, Mapping[str, Any]] = {
    flagger.PATH: {
        "post": operation(
            "flagger_hook",
            "What a hook of Flagger's asks: 200 is yes; of `rollback` it means to roll back now",
            {
                "200": in_text("yes", "pass: quality is proven"),
                "403": in_text("no, and why", "insufficient: quality is not proven yet"),
                **_UNREADABLE,
                "404": in_text(
                    "no hook or no trial is called so", "no trial is called int-8; there are: int8"
                ),
            },
            parameters=[in_path("hook", "its type", one_of(Hook))],
            body=body_of(ref("Canary"), _CANARY),
            description="`metadata.trial` names the trial, `metadata.version` what is rolled out.",
        )
    },
    **{gate.value: {"post": _gate(gate)} for gate in Gate},
}
