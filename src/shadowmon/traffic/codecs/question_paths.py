"""
What a request asks, where only the operator knows: JMESPaths of the codec's settings.

    codec_settings: {question: "data.prompt", tests: "metadata.tests"}

Every model-server codec takes these settings; what they do not say, or do not find, is as the
codec itself reads it.
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shadowmon.records import NOTHING_ASKED, Question
from shadowmon.traffic.codecs.codec_settings import Expression


QUESTION_KEYS = ("question", "source", "documents", "tests")
"""
- `question`: what is asked (`Question.text`); without `source` also all that an answer can draw on.
- `source`: all that an answer can draw on.
- `documents`: what is to be ranked, or embedded.
- `tests`: a program that checks the code in an answer.
"""


class QuestionPaths:
    """
    The settings of `QUESTION_KEYS`.

    Raises:
        ValueError: On construction, for what is no JMESPath; the message names the key.

    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._paths = {
            key: Expression(key, settings[key]) for key in QUESTION_KEYS if key in settings
        }

    def __bool__(self) -> bool:
        """Is there any such setting?"""
        return bool(self._paths)

    def read(self, request: Any, usual: Question = NOTHING_ASKED) -> Question:  # noqa: ANN401 - JSON is any of six types
        """
        Return what the request asks.

        Args:
            request: Its body, as parsed JSON.
            usual: What the codec read by itself.

        Raises:
            CodecError: If an expression does not fit the request.

        """
        found = {key: path.find(request, of="request") for key, path in self._paths.items()}
        text, documents = found.get("question"), found.get("documents")
        source = found.get("source", text)
        if not isinstance(documents, list):
            documents = [] if documents is None else [documents]
        return replace(
            usual,
            text=usual.text if text is None else _text(text),
            source=usual.source if source is None else _text(source),
            documents=tuple(map(_text, documents)) or usual.documents,
            tests=usual.tests if found.get("tests") is None else _text(found["tests"]),
        )


def _text(value: object) -> str:
    """Return a string as it is, a list of strings line by line, and anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False)
