"""Which slices an exchange is in."""

from __future__ import annotations

import gzip
import json

from typing import Any

import pytest

from shadowmon.records import Exchange
from shadowmon.traffic.settings import SliceSettings
from shadowmon.traffic.slicing import Slicing
from tests.factories import an_exchange


def slices_of(exchange: Exchange, **one: Any) -> frozenset[str]:
    return Slicing({"s": SliceSettings(**one)}).slices_of(exchange)


def with_body(body: Any) -> Exchange:
    return an_exchange(json.dumps(body).encode())


def test_everything_is_in_all() -> None:
    """Every exchange is in `all`, without any slices too."""
    assert Slicing({}).slices_of(an_exchange(b"\xff")) == {"all"}


@pytest.mark.parametrize(
    ("one", "is_in"),
    [
        ({"header": "x-lang"}, True),
        ({"header": "X-Lang", "equals": "de"}, True),
        ({"header": "x-lang", "equals": "d"}, False),
        ({"header": "x-lang", "matches": "^d"}, True),
        ({"header": "x-lang", "matches": "^fr"}, True),
        ({"header": "x-lang", "matches": "^x"}, False),
        ({"header": "x-other"}, False),
    ],
)
def test_headers(one: Any, is_in: bool) -> None:
    """A header is present, equals, or matches; of several values any one will do."""
    exchange = an_exchange(headers=(("x-lang", "de"), ("x-lang", "fr")))

    assert ("s" in slices_of(exchange, **one)) is is_in


@pytest.mark.parametrize(
    ("one", "is_in"),
    [
        ({"field": "user.tier"}, True),
        ({"field": "user.tier", "equals": "gold"}, True),
        ({"field": "n", "equals": "5"}, True),
        ({"field": "stream", "equals": "true"}, True),
        ({"field": "messages[-1].content", "matches": "(?i)HEART"}, True),
        ({"field": "length(messages) > `1`", "equals": "true"}, True),
        ({"field": "user.nothing"}, False),
        ({"field": "null"}, False),
        ({"field": "sum(user.tier)"}, False),
    ],
)
def test_fields(one: Any, is_in: bool) -> None:
    """A field is found by JMESPath; what is no string is compared as JSON writes it."""
    exchange = with_body(
        {
            "user": {"tier": "gold"},
            "n": 5,
            "stream": True,
            "null": None,
            "messages": [{"content": "hi"}, {"content": "my heart"}],
        }
    )

    assert ("s" in slices_of(exchange, **one)) is is_in


def test_coded_body() -> None:
    """A compressed body is looked into."""
    exchange = an_exchange(gzip.compress(b'{"a": 1}'), headers=(("content-encoding", "gzip"),))

    assert "s" in slices_of(exchange, field="a")


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 10_000])
def test_garbage_is_in_no_slice_of_fields(body: bytes) -> None:
    """A body that is not JSON is in no slice of its fields, and loses none of the others."""
    slicing = Slicing({"field": SliceSettings(field="a"), "header": SliceSettings(header="x-lang")})

    assert slicing.slices_of(an_exchange(body, headers=(("x-lang", "de"),))) == {"all", "header"}


@pytest.mark.parametrize(
    ("slices", "problem"),
    [
        ({"s": {"field": "a["}}, r'slices\.s\.field: "a\[" is not a JMESPath'),
        ({"s": {"header": "a", "matches": "("}}, r"slices\.s\.matches: not a regular expression"),
        ({"all": {"header": "a"}}, r"slices\.all: every exchange is in this one already"),
        ({"a": {"header": "a"}, "b": {"header": "b"}, "c": {"header": "c"}}, "slices_max is 2"),
    ],
)
def test_bad_slices(slices: Any, problem: str) -> None:
    """What cannot be used is refused at the start, by its key."""
    settings = {name: SliceSettings(**one) for name, one in slices.items()}

    with pytest.raises(ValueError, match=problem):
        Slicing(settings, slices_max=2)
