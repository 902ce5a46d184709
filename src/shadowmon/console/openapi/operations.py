"""One operation: what is asked, and every status that is answered, put into OpenAPI's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from shadowmon.console.openapi.vocabulary import Schema, ref, text


Responses: TypeAlias = dict[str, Any]

JSON, PLAIN = "application/json", "text/plain"

BODY = (400, 408, 413, 415, 422)
"""What is wrong with a body of ours."""
CHANGING = (401, 403)
"""Whoever changes something is asked who it is."""
OPERATOR: Sequence[Mapping[str, Any]] = ({"operator": []}, {})
"""With a token; or without one, if none is configured and this machine itself asks."""
REVIEWER: Sequence[Mapping[str, Any]] = ({"reviewer": []}, {"operator": []}, {})

_ERRORS: Mapping[int, str] = {
    400: "it cannot be read",
    401: "a token is missing or wrong",
    403: "not from there",
    404: "there is no such thing",
    408: "the body did not come in time",
    409: "it may not be done now; the message says why",
    413: "it is too large",
    415: "it is not JSON",
    422: "it is beyond the bounds, or does not fit together; `complaints` may have each reason",
    503: "not now",
}


def operation(
    name: str,
    summary: str,
    responses: Responses,
    *,
    parameters: Sequence[Schema] = (),
    body: Mapping[str, Any] | None = None,
    security: Sequence[Mapping[str, Any]] = (),
    description: str = "",
) -> dict[str, Any]:
    """Return one operation; whatever it does not have is left out."""
    optional = {
        "description": description,
        "parameters": list(parameters),
        "requestBody": body,
        "security": list(security),
    }
    return {
        "operationId": name,
        "summary": summary,
        **{key: value for key, value in optional.items() if value},
        "responses": responses,
    }


def reading(
    name: str,
    summary: str,
    schema: str,
    parameters: Sequence[Schema] = (),
    *,
    errors: Iterable[int] = (),
) -> dict[str, Any]:
    """Return a GET of ours; a parameter that is not described is refused."""
    return operation(name, summary, answers(schema, (400, *errors)), parameters=parameters)


def answers(schema: str, errors: Iterable[int]) -> Responses:
    """Return a good answer in JSON, and errors."""
    return {"200": in_json(schema.lower(), ref(schema)), **refusals(errors)}


def refusals(codes: Iterable[int]) -> Responses:
    """Return errors in the one form that ours have."""
    return {str(code): in_json(_ERRORS[code], ref("Error")) for code in sorted(codes)}


def in_json(description: str, schema: Schema, example: object = None) -> dict[str, Any]:
    """Return an answer in JSON."""
    return {"description": description, "content": {JSON: _content(schema, example)}}


def in_text(description: str, example: str, *, or_error: bool = False) -> dict[str, Any]:
    """Return an answer in text for people; `or_error`: or an error as ours are, from before it."""
    content = {PLAIN: _content(text(), example)}
    if or_error:
        content[JSON] = {"schema": ref("Error")}
    return {"description": description, "content": content}


def body_of(schema: Schema, example: object = None, *, required: bool = True) -> dict[str, Any]:
    """Return a body in JSON."""
    return {"required": required, "content": {JSON: _content(schema, example)}}


def _content(schema: Schema, example: object) -> dict[str, Any]:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def in_path(name: str, description: str, schema: Schema | None = None) -> Schema:
    """Return a parameter of a path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema or text(),
    }


def in_query(
    name: str, description: str, schema: Schema | None = None, *, required: bool = False
) -> Schema:
    """Return a parameter of a query; without a schema it is a whole number from 1."""
    found = {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "integer", "minimum": 1},
    }
    return {**found, "required": True} if required else found


def ignored(*names: str) -> list[Schema]:
    """Return parameters of a query that others send and that mean nothing here."""
    return [in_query(name, "not read", text()) for name in names]


TRIAL = in_path("trial", "the trial's name in the configuration")
