"""JSON from outside."""

from __future__ import annotations

import json
import time

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowmon.console.body import DEPTH_MAX, BodyError, BoundsError, read_json


BAD = {
    "nothing": b"",
    "not json": b"{a: 1}",
    "more after it": b"{} {}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "NaN": b'{"a": NaN}',
    "Infinity": b"[-Infinity]",
    "too large a number": b'{"a": 1e999}',
    "5,000 digits": b"9" * 5000,
    "19 digits": b"1" * 19,
    "key twice": b'{"a": 1, "a": 2}',
    "half a pair": b'{"a": "\\ud800"}',
    "half a pair in a key": b'{"\\udc00": 1}',
    "100,000 deep": b"[" * 100_000,
    "100,000 deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a little too deep": b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
    "NUL": b'{"a": "\x00"}',
    "a million keys": json.dumps({str(key): 0 for key in range(1_000_000)}).encode(),
    "a million values": b"[" + b"0," * 1_000_000 + b"0]",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_refused(body):
    """What is not JSON within the bounds is refused quickly, and nothing of it is shown."""
    begun = time.perf_counter()
    with pytest.raises(BodyError) as caught:
        read_json(body)

    assert time.perf_counter() - begun < 0.1
    assert caught.value.__suppress_context__
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("19 digits", BoundsError),
        ("too large a number", BoundsError),
        ("a little too deep", BoundsError),
        ("100,000 deep and closed", BoundsError),
        ("a million values", BoundsError),
        ("not json", BodyError),
        ("NaN", BodyError),
        ("key twice", BodyError),
        ("half a pair", BodyError),
    ],
)
def test_beyond_the_bounds(name, kind):
    """JSON that is merely beyond the bounds is told apart from what is none that can be taken."""
    with pytest.raises(BodyError) as caught:
        read_json(BAD[name])

    assert caught.type is kind


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, True, None, "é\u0000\n", {"b": {}}]},
        [[[[[[[[[[[[[[[]]]]]]]]]]]]]]],
        123_456_789_012_345_678,
        "\U0001f600",
    ],
)
def test_taken(value):
    """Everything else is what it is."""
    assert read_json(json.dumps(value).encode()) == value


def test_surrogate_pair_is_a_character():
    """Both halves of a pair make one character."""
    assert read_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@settings(max_examples=200)
@given(st.binary(max_size=100))
def test_any_bytes(body):
    """Any bytes are JSON, or refused; there is no other exception."""
    try:
        value = read_json(body)
    except BodyError:
        return
    json.dumps(value, allow_nan=False).encode()
