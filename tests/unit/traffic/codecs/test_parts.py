"""Parts that many formats write alike."""

from __future__ import annotations

import math

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Token
from shadowmon.traffic.codecs import parts


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (["b", "a"], ("b", "a")),
        ([2, 0], ("2", "0")),
        ([], ()),
        ([{"index": 0, "score": 0.5}, {"index": 7, "score": 2}], ("7", "0")),
        ([{"id": "x", "relevance_score": 1}, {"id": "y", "relevance_score": 1}], ("x", "y")),
    ],
)
def test_ranking(value: Any, keys: tuple[str, ...]) -> None:
    """Keys in order stay in order; keys with scores are put in order, equal ones as they came."""
    assert parts.ranking(value, "it") == keys


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, "it is not a list"),
        ([{"index": 0}], "without a score"),
        ([{"score": 0}], "without a key"),
        ([{"index": 0, "score": 1}, 2], "without a key"),
        ([True], "without a key"),
        ([1, 1], "the same document twice"),
        ([1, "1"], "the same document twice"),
    ],
)
def test_refuses_rankings(value: Any, problem: str) -> None:
    """What is no ranking is refused, in words."""
    with pytest.raises(CodecError, match=problem):
        parts.ranking(value, "it")


@pytest.mark.parametrize(
    ("value", "found"),
    [([1, 0.5], ((1.0, 0.5),)), ([[1], [2]], ((1.0,), (2.0,)))],
)
def test_vectors(value: Any, found: Any) -> None:
    """One vector, or a list of them."""
    assert parts.vectors(value, "it") == found


@pytest.mark.parametrize(
    "value", [None, [], [[]], [True], ["x"], [[1], 2], [[1], [1, 2]], [10**400], [math.inf]]
)
def test_refuses_vectors(value: Any) -> None:
    """What is no list of finite numbers, or of equal lengths, is refused."""
    with pytest.raises(CodecError, match="it "):
        parts.vectors(value, "it")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("Overloaded", 503), "Overloaded 503"),
        (("two words", None, ["x"]), "error"),
        (("x" * 65,), "error"),
        ((), "error"),
    ],
)
def test_error_word(words: tuple[Any, ...], name: str) -> None:
    """Only single words name an error, never a sentence."""
    assert parts.error_word(*words) == name


@pytest.mark.parametrize(
    ("digits", "found"), [("12", 12), ("", None), ("-1", None), ("1.5", None), ("9" * 19, None)]
)
def test_count_written(digits: str, found: int | None) -> None:
    """A header's count, if it is one and fits 64 bits."""
    assert parts.count_written(digits) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("a", ("a",)), (["a", "b"], ("a", "b")), (["a", 1], ()), (None, ()), ([], ())],
)
def test_texts(value: Any, found: tuple[str, ...]) -> None:
    """A text or several; nothing else."""
    assert parts.texts(value) == found


def test_alternatives() -> None:
    """Of two tokens with one text the likelier stands; what is no token is left out."""
    found = [
        {"t": "a", "p": -2},
        {"t": "a", "p": -1.0},
        {"t": "b", "p": None},
        {"t": 5, "p": -1},
        "x",
    ]

    assert parts.alternatives(found, text="t", log_probability="p") == {"a": -1.0}
    assert parts.alternatives("x", text="t", log_probability="p") == {}


def test_token_is_never_more_than_certain() -> None:
    """Rounding above 0 is taken back."""
    assert parts.token("a", 1e-7, {}) == Token(text="a", log_probability=0.0)


@pytest.mark.parametrize(
    ("text", "found"), [(' {"a": 1}', {"a": 1}), ("[1", None), ("5", None), (None, None)]
)
def test_json_in(text: str | None, found: Any) -> None:
    """A text that is an object or a list, and nothing else."""
    assert parts.json_in(text) == found
