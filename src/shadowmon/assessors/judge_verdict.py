"""What a judge said: one JSON object with a winner, or nothing that counts. Pure."""

from __future__ import annotations

import enum
import json
import re


_FENCED = re.compile(r"```(?:json)?\s*\n(?P<inside>.*)\n\s*```", re.DOTALL | re.IGNORECASE)


class Winner(enum.StrEnum):
    """Which of the two answers that were shown is the better one."""

    FIRST = "A"
    SECOND = "B"
    TIE = "tie"

    @property
    def points(self) -> float:
        """What the first answer gets: 1, 0, or one half."""
        return {Winner.FIRST: 1.0, Winner.SECOND: 0.0, Winner.TIE: 0.5}[self]


def read_verdict(text: str) -> Winner | None:
    """
    Return the winner; None if the text is not exactly one JSON object that names one.

    A fence of Markdown around the object is taken off. Nothing is searched for in prose: an answer
    that the judge quotes may hold a verdict of its own.
    """
    text = text.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced["inside"]
    try:
        found = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return None
    winner = found.get("winner") if isinstance(found, dict) else None
    return Winner(winner) if isinstance(winner, str) and winner in set(Winner) else None


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "an object has the same key twice"
        raise ValueError(msg)
    return found
