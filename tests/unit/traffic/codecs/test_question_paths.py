"""What a request asks, by the settings."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Question
from shadowmon.traffic.codecs.question_paths import QuestionPaths


REQUEST = {"q": "Why?", "context": ["a", "b"], "docs": ["x", {"t": 1}], "n": 5, "tests": "assert 1"}


@pytest.mark.parametrize(
    ("settings", "question"),
    [
        ({}, Question()),
        ({"question": "q"}, Question(text="Why?", source="Why?")),
        ({"question": "q", "source": "context"}, Question(text="Why?", source="a\nb")),
        ({"source": "context"}, Question(source="a\nb")),
        ({"question": "n"}, Question(text="5", source="5")),
        ({"documents": "docs"}, Question(documents=("x", '{"t": 1}'))),
        ({"documents": "q"}, Question(documents=("Why?",))),
        ({"tests": "tests"}, Question(tests="assert 1")),
        ({"question": "no", "source": "no", "documents": "no", "tests": "no"}, Question()),
    ],
)
def test_parts(settings: dict[str, str], question: Question) -> None:
    """Each part is where its expression says; what is asked is a source by itself."""
    assert QuestionPaths(settings).read(REQUEST) == question


def test_what_is_not_found_is_as_usual() -> None:
    """What the codec read by itself stays, where no expression finds another."""
    usual = Question(text="t", source="s", documents=("d",), turns=3)

    found = QuestionPaths({"question": "no", "documents": "no", "tests": "tests"}).read(
        REQUEST, usual
    )

    assert found == Question(text="t", source="s", documents=("d",), turns=3, tests="assert 1")


def test_expression_that_does_not_fit() -> None:
    """An expression that fails on a request is named by its key."""
    with pytest.raises(
        CodecError, match=r"codec_settings\.tests: the expression does not fit the request"
    ):
        QuestionPaths({"tests": "sum(q)"}).read(REQUEST)


@pytest.mark.parametrize("key", ["question", "source", "documents", "tests"])
@pytest.mark.parametrize("written", ["a[", "", 5])
def test_bad_settings(key: str, written: Any) -> None:
    """What is no JMESPath is refused at the start, by its key."""
    with pytest.raises(ValueError, match=key):
        QuestionPaths({key: written})


def test_is_there_any() -> None:
    """It says whether any expression is given."""
    assert QuestionPaths({"tests": "a"})
    assert not QuestionPaths({"label": "a"})
