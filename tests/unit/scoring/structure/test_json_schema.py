from __future__ import annotations

import pytest

from shadowmon.scoring.structure import json_schema
from shadowmon.scoring.structure.json_schema import KEPT_MAX, Schemas


def valid(instance, schema):
    return Schemas().valid(instance, schema)


def nested(depth):
    schema: dict[str, object] = {}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


def doubling(depth):
    chain = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(depth)}
    return {"$ref": "#/$defs/a0", "$defs": {**chain, f"a{depth}": {"type": "object"}}}


TREE = {
    "$ref": "#/$defs/a~1node",
    "$defs": {
        "a/node": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/a~1node"}},
            },
        }
    },
}


def test_schema_that_refers_to_itself():
    """References within a schema are followed, also in circles."""
    assert valid({"name": "x", "children": [{"name": "y"}]}, TREE) is True
    assert valid({"name": "x", "children": [{"name": 1}]}, TREE) is False
    assert valid({}, {"allOf": [{"$ref": "#"}]}) is True


def test_properties_may_be_called_like_keywords():
    """A property's name is no keyword, whatever it is called."""
    schema = {"properties": {"$ref": {"type": "string"}, "$id": {}, "default": {"type": "null"}}}
    assert valid({"$ref": "x", "default": None}, schema) is True
    assert valid({"$ref": 1}, schema) is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "dict"},
        {"pattern": "("},
        [1],
        "x",
        {"$ref": "#/$defs/none"},
        {"$ref": "#/$defs/none/deeper"},
        {"minimum": {1, 2}},
        nested(400),
        nested(100_000),
        {"pattern": "(((a{1,100}){1,100}){1,100}){1,100}"},
        {"description": "x" * json_schema.BYTES_MAX},
        doubling(40),
    ],
)
def test_what_is_no_usable_schema(schema):
    """What is no schema, nested too deep, too long or unfolds without measure is not used."""
    assert valid({}, schema) is None


def test_definitions_may_be_shared_within_measure():
    """Definitions that are referred to twice are no bomb as long as they do not double on."""
    assert valid({}, doubling(10)) is True


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/x.json"},
        {"$ref": "file:///etc/hostname"},
        {"$schema": "http://127.0.0.1:9/x.json"},
        {"$ref": "#somewhere", "$defs": {"a": {"$anchor": "somewhere"}}},
        {"$dynamicRef": "#meta"},
        {"properties": {"a": {"$id": "http://x/y", "$ref": "#"}}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "not": {"id": "http://x/y"}},
    ],
)
def test_nothing_is_fetched(schema):
    """What refers to another document, or in a way that could hide where to, is not used."""
    assert valid({}, schema) is None


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(?=((a|aa)+)+b\2)", "(a|b|c){50}x"])
def test_pattern_that_goes_in_circles(pattern):
    """A pattern that would backtrack for ever is given up: the text does not match."""
    assert valid("a" * 10_000 + "!", {"pattern": pattern}) is False


def test_json_beyond_what_the_validator_reads():
    """JSON nested deeper than the validator goes, and half a character, can not be judged."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert valid(deep, {"items": {"$ref": "#"}}) in {True, None}
    assert valid("\ud800", {"type": "string"}) is None


def test_schemas_are_kept_within_bounds():
    """A schema is kept once, also if it is unusable, and the oldest go where there are too many."""
    schemas = Schemas()
    for _ in range(3):
        schemas.valid(1, {"type": "integer"})
        schemas.valid(1, {"type": "dict"})
    assert len(schemas) == 2
    for at in range(KEPT_MAX + 1):
        assert schemas.valid(at, {"minimum": at}) is True
    assert len(schemas) == KEPT_MAX
    assert schemas.valid(1, {"type": "integer"}) is True
