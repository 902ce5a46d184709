from __future__ import annotations

import pytest

from shadowmon.records import Answer
from shadowmon.scoring.structure.documents import document, leaves


def test_document_nested_too_deep_to_recurse():
    """A document that is nested deeper than Python calls is walked all the same."""
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert len(list(leaves(deep))) == 1


@pytest.mark.parametrize("text", ['{"a": 1}', ' {"a":1}\n', '```json\n{"a": 1}\n```'])
def test_text_that_is_json(text):
    """JSON in the text is read, also in a fence that is the whole answer."""
    assert document(Answer(text=text)) == {"a": 1}


@pytest.mark.parametrize("text", ["", "7", '"x"', "{a: 1}", "[" * 100_000, 'Here: {"a": 1}', None])
def test_text_that_is_not_json(text):
    """A bare value, broken or bottomless JSON, and JSON within a sentence are no document."""
    assert document(Answer(text=text)) is None
