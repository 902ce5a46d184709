"""
The API described to programs: OpenAPI 3.1.

Kept in step with the routes by tests/integration/console/test_openapi.py: each route is described,
each description has a route, and what each one answers fits its schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shadowmon import __version__
from shadowmon.console.schemas import SCHEMAS, Schema, array, ref, text


_ERRORS: Mapping[int, str] = {
    400: "it cannot be read",
    401: "the operator's token is missing or wrong",
    403: "not from there",
    404: "there is no such thing",
    408: "the body did not come in time",
    409: "it may not be done now; the message says why",
    413: "it is too large",
    415: "it is not JSON",
    422: "the configuration was refused; `complaints` has each reason",
    503: "not now",
}
_CHANGING = (401, 403)
_BODY = (400, 408, 413, 415)


def document() -> dict[str, Any]:
    """Return the whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "shadowmon",
            "version": __version__,
            "description": "Reads trials, evidence and the journal; asks for operations; takes "
            "labels. Figures are finite or null, a positive one is always worse.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**_reading(), **_asking(), **_for_machines()},
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
    }


def _reading() -> dict[str, Any]:
    trial = [_in_path("trial", "the trial's name in the configuration")]
    entry = _in_query("entry", "number of a journalled verdict")
    page = [
        _in_query("trial", "entries of one trial only", text()),
        _in_query("before", "entries with a smaller number only"),
        _in_query("limit", "how many at most, up to 1000; 100 if not given"),
    ]
    return {
        "/api/v1/status": {"get": _read("status", "The daemon in short", "Status")},
        "/api/v1/trials": {"get": _read("trials", "Every trial", "Trials")},
        "/api/v1/trials/{trial}": {
            "get": _read("trial", "One trial", "Trial", trial, errors=(404,))
        },
        "/api/v1/trials/{trial}/explain": {
            "get": _read(
                "explain",
                "All that is needed to compute a verdict again",
                "Explanation",
                [*trial, entry],
                errors=(404, 503),
            )
        },
        "/api/v1/trials/{trial}/review/next": {
            "get": _read(
                "next_review",
                "Two answers for a reviewer to compare, blinded; null if there are no more",
                "NextReview",
                [
                    *trial,
                    {
                        **_in_query("reviewer", "who compares them", text(minLength=1)),
                        "required": True,
                    },
                ],
                errors=(404, 409),
            )
        },
        "/api/v1/journal": {
            "get": _read("journal", "What happened, newest first", "Journal", page, errors=(503,))
        },
        "/api/v1/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "This description",
                "responses": {"200": _json("the description", {"type": "object"})},
            }
        },
    }


_BODIES = {"loosen": "Loosening", "approve": "Approval"}


def _asking() -> dict[str, Any]:
    operations = {
        "pause": "Climb no more until resumed; a roll-back still works",
        "resume": "Climb again",
        "roll-back": "Take all weight away at once; needs a reason",
        "re-arm": "Let a trial that was rolled back begin again; needs a reason",
        "approve": "Agree to the next stage, or to pass a phase; needs a reason",
        "loosen": "Let looser limits of the configuration take effect; needs a reason",
    }
    trial = [_in_path("trial", "the trial's name in the configuration")]
    labels: Schema = {"anyOf": [ref("Label"), array(ref("Label"), maxItems=10_000)]}
    return {
        **{
            f"/api/v1/trials/{{trial}}/{word}": {
                "post": {
                    "operationId": word.replace("-", "_"),
                    "summary": summary,
                    "parameters": trial,
                    "requestBody": _body(ref(_BODIES.get(word, "Operation"))),
                    "responses": _answers("Asked", (*_BODY, *_CHANGING, 404, 409, 503)),
                    "security": _SECURITY,
                }
            }
            for word, summary in operations.items()
        },
        "/api/v1/trials/{trial}/gates/{phase}": {
            "post": {
                "operationId": "gate",
                "summary": "The result of a benchmark or a side by side that a trial waits for",
                "parameters": [
                    *trial,
                    _in_path("phase", "benchmark or side-by-side"),
                ],
                "requestBody": _body(ref("GateResult")),
                "responses": _answers("Asked", (*_BODY, *_CHANGING, 404, 409, 422, 503)),
                "security": _SECURITY,
            }
        },
        "/api/v1/trials/{trial}/preferences": {
            "post": {
                "operationId": "prefer",
                "summary": "What a reviewer says of two answers",
                "parameters": trial,
                "requestBody": _body(ref("Preference")),
                "responses": _answers("Preferred", (*_BODY, *_CHANGING, 404, 409, 503)),
                "security": _SECURITY,
            }
        },
        "/api/v1/feedback": {
            "post": {
                "operationId": "feedback",
                "summary": "What users said of replies they got: all of it is taken, or nothing",
                "requestBody": _body(
                    {"anyOf": [ref("Feedback"), array(ref("Feedback"), maxItems=10_000)]}
                ),
                "responses": _answers("Felt", (*_BODY, *_CHANGING)),
                "security": _SECURITY,
            }
        },
        "/api/v1/labels": {
            "post": {
                "operationId": "labels",
                "summary": "The truth about exchanges, told later: all of it is taken, or nothing",
                "requestBody": _body(labels),
                "responses": _answers("Labelled", (*_BODY, *_CHANGING)),
                "security": _SECURITY,
            }
        },
    }


def _for_machines() -> dict[str, Any]:
    exposition = {
        "description": "the Prometheus exposition",
        "content": {"text/plain": {"schema": text()}},
    }
    ready = _answers("Ready", ())
    ready["503"] = _json("not ready; `problems` says why", ref("Ready"))
    return {
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "For Prometheus",
                "responses": {"200": exposition},
            }
        },
        "/-/healthy": {"get": _read("healthy", "Does the loop turn?", "Healthy")},
        "/-/ready": {
            "get": {"operationId": "ready", "summary": "Can it work?", "responses": ready}
        },
        "/-/reload": {
            "post": {
                "operationId": "reload",
                "summary": "Load the configuration again, whole or not at all",
                "responses": _answers("Reloaded", (*_CHANGING, 422)),
                "security": _SECURITY,
            }
        },
    }


_SECURITY: Sequence[Mapping[str, Any]] = [{"operator": []}, {}]
"""With a token; or without one, if none is configured and this machine itself asks."""


def _read(
    name: str,
    summary: str,
    schema: str,
    parameters: Sequence[Schema] = (),
    *,
    errors: Sequence[int] = (),
) -> dict[str, Any]:
    wrong_query = () if name == "healthy" else (400,)
    return {
        "operationId": name,
        "summary": summary,
        **({"parameters": list(parameters)} if parameters else {}),
        "responses": _answers(schema, (*wrong_query, *errors)),
    }


def _answers(schema: str, errors: Sequence[int]) -> dict[str, Any]:
    good = {"200": _json(schema.lower(), ref(schema))}
    bad = {str(code): _json(_ERRORS[code], ref("Error")) for code in sorted(errors)}
    return {**good, **bad}


def _json(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(schema: Schema) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _in_path(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": text(),
    }


def _in_query(name: str, description: str, schema: Schema | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "integer", "minimum": 1},
    }
