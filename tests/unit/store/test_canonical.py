"""The same thing always has the same bytes, and they can be written anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.errors import StoreError
from shadowmon.store.canonical import clean, from_json, from_moment, to_json, to_moment


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_canonical_text_is_its_own(value: object) -> None:
    """What was read from canonical JSON is written as the same text again."""
    text = to_json(value, where="it")

    assert to_json(from_json(text), where="it") == text
    text.encode()


def test_order_and_form() -> None:
    """Keys are sorted, there are no spaces, and letters stand as they are."""
    assert to_json({"b": (1, 2.0), "a": "ä\n"}, where="it") == '{"a":"ä\\n","b":[1,2.0]}'


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"a": [1, {2}]}, r"it\.a\[1\] is a set, which is no JSON"),
        ({"a": {1: 2}}, r"it\.a has the key 1, which is no text"),
        (b"bytes", "it is a bytes"),
        (datetime(2026, 1, 1, tzinfo=UTC), "it is a datetime"),
        pytest.param(10**5000, "it cannot be written as JSON", id="too many digits"),
    ],
)
def test_what_is_no_json(value: object, problem: str) -> None:
    """What is no JSON is refused, and the place is named."""
    with pytest.raises(StoreError, match=problem):
        to_json(value, where="it")


def test_endless_nesting() -> None:
    """A value that holds itself is refused."""
    value: list[object] = []
    value.append(value)

    with pytest.raises(StoreError, match="cannot be written"):
        to_json(value, where="it")


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_clean_text_can_be_written(text: str) -> None:
    """Clean text has UTF-8 bytes and no NUL, and is cleaned once."""
    tidy = clean(text)

    tidy.encode()
    assert "\x00" not in tidy
    assert len(tidy) == len(text)
    assert clean(tidy) == tidy


def test_moments_are_utc() -> None:
    """A moment of any zone is written in UTC with microseconds, and read back the same."""
    moment = datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))

    assert from_moment(moment, where="it") == "2026-01-01T12:00:00.000000Z"
    assert to_moment("2026-01-01T12:00:00.000000Z") == moment


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_texts_sort_as_moments_do(one: datetime, other: datetime) -> None:
    """The order of the texts is the order of the moments."""
    texts = from_moment(one, where="it"), from_moment(other, where="it")

    assert (texts[0] < texts[1]) == (one < other)
