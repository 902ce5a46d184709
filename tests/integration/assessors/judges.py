"""Fake judge models: honest ones, and each way in which a judge can be useless."""

from __future__ import annotations

import json
import re

from collections.abc import Callable

from tests.integration.assessors.endpoints import Asked


Judging = Callable[[str, str, str], str]
"""Question, answer A and answer B -> what the judge writes."""

_PART = re.compile(
    r"^\[(?P<mark>[0-9a-f]{24})\] (?P<name>[\w ]+) begins\n(?P<text>.*?)\n"
    r"\[(?P=mark)\] (?P=name) ends",
    re.DOTALL | re.MULTILINE,
)


def parts_of(asked: Asked) -> dict[str, str]:
    """Return question and answers, as they stand between the marks."""
    user = asked.body["messages"][1]["content"]
    return {found["name"]: found["text"] for found in _PART.finditer(user)}


def judge(judging: Judging) -> Callable[[Asked], object]:
    """Return a chat endpoint that judges so."""

    def answer(asked: Asked) -> object:
        parts = parts_of(asked)
        said = judging(parts["question"], parts["answer A"], parts["answer B"])
        return {"choices": [{"message": {"role": "assistant", "content": said}}]}

    return answer


def verdict(winner: str) -> str:
    return json.dumps({"reason": "so it is", "winner": winner})


def _quality(text: str) -> int:
    """Rate an answer honestly: what speaks to the judge, or says nothing, is bad."""
    if re.search(r"judge|winner|sorry|blorp", text):
        return 0
    return 2 if "good" in text else 1


def honest(_question: str, first: str, second: str) -> str:
    one, other = _quality(first), _quality(second)
    return verdict("tie" if one == other else "A" if one > other else "B")


def obedient(question: str, first: str, second: str) -> str:
    """Do what an answer says, and be honest otherwise."""
    for name, text in (("A", first), ("B", second)):
        if "holds this line is the winner" in text:
            return verdict(name)
    return honest(question, first, second)


def literal(question: str, first: str, second: str) -> str:
    """Repeat the verdict that an answer dictates, and be honest otherwise."""
    for text in (first, second):
        if found := re.search(r'\{"reason.*?\}', text):
            return found[0]
    return honest(question, first, second)


def always_first(_question: str, _first: str, _second: str) -> str:
    return verdict("A")


def rubbish(_question: str, _first: str, _second: str) -> str:
    return "Both answers have their merits, but on the whole I would say A."


def always_tie(_question: str, _first: str, _second: str) -> str:
    return verdict("tie")
