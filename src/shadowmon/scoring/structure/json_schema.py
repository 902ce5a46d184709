"""
JSON Schemas of strangers, compiled once.

A schema comes with a request, so whoever can send a request writes it. Nothing that it refers to is
ever fetched; a pattern is given up where it starts to go in circles (the text does not match then);
and what is no schema, is nested too deep, or unfolds to far more than it is long is refused.
"""

from __future__ import annotations

import json

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Protocol
from urllib.parse import unquote

import jsonschema_rs


KEPT_MAX = 128
"""Compiled schemas; a service has a few response formats and some dozens of tools."""
BYTES_MAX = 1 << 20
"""Of a schema, written as JSON."""
STEPS_MAX = 200_000
"""Subschemas that a validator may come by on its way through a schema, references followed."""
_BACKTRACKS_MAX = 10_000
_PATTERN_BYTES_MAX = 1 << 20


class Validator(Protocol):
    """A compiled schema."""

    def is_valid(self, instance: Any) -> bool:  # noqa: ANN401 - any JSON
        """Is the instance valid?"""
        ...


class UnusableSchemaError(ValueError):
    """It is no JSON Schema, it refers to what is elsewhere, or it is too much to hold JSON to."""


class Schemas:
    """Validators by the digest of their schema; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Validator | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def valid(self, instance: Any, schema: Any) -> bool | None:  # noqa: ANN401 - any JSON
        """Return whether the JSON is valid; None if the schema, or the JSON, cannot be used."""
        validator = self._validator(schema)
        if validator is None:
            return None
        try:
            return validator.is_valid(instance)
        except ValueError:  # a number or a nesting beyond what the validator reads
            return None

    def _validator(self, schema: Any) -> Validator | None:  # noqa: ANN401 - any JSON
        try:
            written = json.dumps(schema).encode()
        except (TypeError, ValueError, RecursionError):
            return None
        key = blake2b(written, digest_size=16).digest()
        if key not in self._kept:
            self._kept[key] = _compiled_or_none(schema, len(written))
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def compiled(schema: Any, size: int) -> Validator:  # noqa: ANN401 - any JSON
    """
    Compile a schema of so many bytes.

    Raises:
        UnusableSchemaError: If it cannot be used.

    """
    if size > BYTES_MAX:
        msg = f"the schema is longer than {BYTES_MAX} bytes"
        raise UnusableSchemaError(msg)
    try:
        count = _Steps(schema).of(schema)
    except RecursionError as error:
        msg = "the schema is nested too deep"
        raise UnusableSchemaError(msg) from error
    if count > STEPS_MAX:
        msg = f"the schema unfolds to more than {STEPS_MAX} subschemas"
        raise UnusableSchemaError(msg)
    try:
        return jsonschema_rs.validator_for(
            schema,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(
                backtrack_limit=_BACKTRACKS_MAX,
                size_limit=_PATTERN_BYTES_MAX,
                dfa_size_limit=_PATTERN_BYTES_MAX,
            ),
        )
    except ValueError as error:  # its message quotes the schema
        msg = "it is no JSON Schema, or refers to what is elsewhere"
        raise UnusableSchemaError(msg) from error


def _compiled_or_none(schema: Any, size: int) -> Validator | None:  # noqa: ANN401 - any JSON
    try:
        return compiled(schema, size)
    except UnusableSchemaError:
        return None


class _Steps:
    """
    How many subschemas a validator comes by, at most, for one value at each place.

    A schema that refers to itself counts once: the validator remembers what it has seen of it.
    What doubles is a chain of definitions each of which refers twice to the next. So that none is
    overlooked, a reference must be a pointer from the root: anything cleverer is refused.
    """

    def __init__(self, root: Any) -> None:  # noqa: ANN401 - any JSON
        self._root = root
        self._known: dict[int, int] = {}
        is_old = isinstance(root, dict) and "draft-04" in str(root.get("$schema"))
        self._base = "id" if is_old else "$id"

    def of(self, node: Any) -> int:  # noqa: ANN401 - any JSON
        if isinstance(node, list):
            return sum(map(self.of, node))
        if not isinstance(node, dict):
            return 0
        if id(node) not in self._known:
            self._known[id(node)] = 1  # as long as it is being counted
            count = 1 + sum(map(self.of, node.values())) + self.of(self._referred(node))
            self._known[id(node)] = min(count, STEPS_MAX + 1)
        return self._known[id(node)]

    def _referred(self, node: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """
        Return what a subschema refers to; None if to nothing.

        Raises:
            UnusableSchemaError: If it does so by another way than a JSON pointer (RFC 6901).

        """
        moves = node is not self._root and isinstance(node.get(self._base), str)
        if moves or isinstance(node.get("$dynamicRef", node.get("$recursiveRef")), str):
            msg = "a part of the schema has an address of its own, or refers to one"
            raise UnusableSchemaError(msg)
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return None
        start, *steps = unquote(reference).split("/")
        if start != "#":
            msg = "the schema refers to something by another way than a pointer into itself"
            raise UnusableSchemaError(msg)
        return self._at(steps)

    def _at(self, steps: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
        found = self._root
        for step in steps:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict):
                found = found.get(key)
            else:
                return None  # the compiler will say so
        return found
