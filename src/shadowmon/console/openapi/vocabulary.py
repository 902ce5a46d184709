"""Words that schemas are written in."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from typing import Any, TypeAlias


Schema: TypeAlias = dict[str, Any]

_NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
"""Python strips more than `\\s` means in ECMA-262, which JSON Schema's patterns follow."""


def obj(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object with exactly these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def foreign(properties: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object that others define: of it these keys are read."""
    schema: Schema = {"type": "object", "properties": dict(properties)}
    return {**schema, "required": list(required)} if required else schema


def ref(name: str) -> Schema:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema, **more: int) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **more}


def or_null(schema: Schema) -> Schema:
    """Allow null beside a schema."""
    return {"anyOf": [schema, {"type": "null"}]}


def text(**more: Any) -> Schema:  # noqa: ANN401 - any keyword of JSON Schema
    """Return the schema of a text."""
    return {"type": "string", **more}


def said(at_most: int) -> Schema:
    """Return the schema of a text that people write, which must hold more than blanks."""
    return text(minLength=1, maxLength=at_most, pattern=_NOT_BLANK)


def one_of(choices: type[enum.StrEnum]) -> Schema:
    """Return the schema of one of a few words."""
    return {"type": "string", "enum": [choice.value for choice in choices]}


TEXT = text()
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
TIME = text(format="date-time")
ANYTHING: Schema = {"type": "object", "additionalProperties": True}
