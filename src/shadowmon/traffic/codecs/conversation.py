"""A request's conversation, read message by message into a `Question`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shadowmon.records import Question, Tool
from shadowmon.traffic.codecs.shapes import objects


ANY_OBJECT = {"type": "object"}
"""The JSON Schema of an answer that was asked to be some JSON object."""

_INSTRUCTING = frozenset({"system", "developer"})
_BETWEEN = "\n"
"""Between messages, and between the parts of one."""


@dataclass(slots=True)
class Conversation:
    """
    What was said so far.

    A turn is whatever a user, a tool or the model said; instructions are none. Images and sounds
    are not read.
    """

    instructions: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    last: str = ""
    turns: int = 0

    def say(self, role: str, text: str) -> None:
        """Take in one message. What the model itself said is only counted."""
        if role in _INSTRUCTING:
            _add(self.instructions, text)
            return
        self.turns += 1
        if role == "user":
            self.hear(text)
            self.last = text or self.last
        elif role in {"tool", "function"}:
            self.hear(text)

    def hear(self, text: str) -> None:
        """Take in what an answer can draw on, and is no message of its own."""
        _add(self.source, text)

    def question(self, *, tools: Sequence[Tool] = (), schema: object = None) -> Question:
        """Return what is asked."""
        return Question(
            instructions=_BETWEEN.join(self.instructions),
            text=self.last,
            source=_BETWEEN.join(self.source),
            turns=self.turns,
            tools=tuple(tools),
            schema=schema,
        )


def text_in(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts; some have text."""
    if isinstance(content, str):
        return content
    return _BETWEEN.join(
        part["text"] for part in objects(content) if isinstance(part.get("text"), str)
    )


def tool(name: object, parameters: object) -> Tool:
    """Return a tool; what is no JSON Schema is none."""
    schema: Any = parameters if isinstance(parameters, dict) else None
    return Tool(name=name if isinstance(name, str) else "", parameters=schema)


def _add(pieces: list[str], text: str) -> None:
    if text:
        pieces.append(text)
