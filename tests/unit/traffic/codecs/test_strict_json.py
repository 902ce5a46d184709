"""JSON from strangers."""

from __future__ import annotations

import traceback

import pytest

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs import strict_json


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON at character 0"),
        (b'{"a": 1', "not JSON at character 7"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"-Infinity", "-Infinity is not a JSON number"),
        (b"1e999", "too large"),
        (b"9" * 309, "more than 308 digits"),
        (b"9" * 5_000, "more than 308 digits"),
        (b'{"a": 1, "a": 2}', "the same key twice"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'"\x00"', "not JSON at character 1"),
        (b"[" * 129 + b"]" * 129, "nested deeper than 128 levels"),
        (b'{"a":' * 100_000, "nested deeper than 128 levels"),
    ],
)
def test_refuses(body: bytes, problem: str) -> None:
    """What would break something further down is refused, in words."""
    with pytest.raises(CodecError, match=problem):
        strict_json.loads(body)


def test_depth_counts_no_brackets_in_strings() -> None:
    """Brackets within strings are text, escaped quotes included."""
    text = '\\"' + "[{" * 500

    found = strict_json.loads(b'["' + text.encode() + b'"]')

    assert found == ['"' + "[{" * 500]


def test_depth_counts_levels_and_not_brackets() -> None:
    """Many lists side by side are not deep."""
    assert strict_json.loads(b"[" + b"[]," * 5_000 + b"[]]") == [[]] * 5_001


def test_string_without_an_end_costs_no_more_than_its_length() -> None:
    """A string that never ends, full of escaped quotes, is refused in linear time."""
    with pytest.raises(CodecError):
        strict_json.loads(b"[" * 128 + b'{"a' + b'\\"' * 300_000)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
    ],
)
def test_replaces_what_nothing_can_hold(written: bytes, read: str) -> None:
    """Half surrogate pairs and NULs are replaced; whole pairs and escaped backslashes are not."""
    assert strict_json.loads(written) == read


def test_verbatim_keeps_what_is_sent_on() -> None:
    """For bytes that are sent on, half surrogate pairs and NULs survive the round trip."""
    body = rb'{"a":"\ud83d \u0000"}'

    assert strict_json.dumps(strict_json.loads_verbatim(body)) == body


def test_byte_order_mark_is_skipped() -> None:
    """A byte order mark is passed over, as RFC 8259 allows."""
    assert strict_json.loads(b"\xef\xbb\xbf[1]") == [1]


def test_error_carries_no_bytes() -> None:
    """Neither the error nor what it was raised from holds the bytes."""
    body = b'{"canary-1": canary-2'

    with pytest.raises(CodecError) as caught:
        strict_json.loads(body)

    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_dumps_refuses_what_is_not_json() -> None:
    """A number that is not finite cannot be written."""
    with pytest.raises(CodecError, match="cannot be written as JSON"):
        strict_json.dumps({"a": float("nan")})
