"""
What is wrong between keys where single keys are wrong too, so that a file is mended in one go.

What is wrong by itself is put aside: its default takes its place, or a stand-in that means nothing.
Then the rules between keys (config/check.py) are asked of the rest.

Rule 1: what is made here is for complaints alone; no part of the daemon ever sees it.
Rule 2: a complaint that may come of what was put aside is not made. One that is missing comes with
the next round; one that is untrue sends people looking for what is right.
"""

from __future__ import annotations

import enum
import json

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from shadowmon.config.check import BY_THEMSELVES, RULES, TOGETHER, Rule
from shadowmon.config.document import Tree
from shadowmon.config.keys import KeyPath, is_required, is_section, is_table, is_text, type_at
from shadowmon.config.settings import Settings
from shadowmon.errors import Complaint


_ROUNDS = 3
_STAND_IN = "not-given"
"""In no complaint that is made: it is nobody's name."""
_TABLES = ("models", "routes", "trials", "traffic.slices")
"""Where others' names are from: without one of them nothing else can be said."""
_SENDERS, _OF_MODELS = "traffic.events", ("trials", "routes")
"""Who sends events names models, and which a route has follows from its trials."""
_FOLLOW: Mapping[str, str] = {"codec": "codec_settings"}
"""What is read by another key of its section."""


def further(tree: Tree, error: ValidationError | None, wrong: Collection[str]) -> list[Complaint]:
    """
    Return what else is wrong.

    Args:
        tree: With what is wrong in it.
        error: What pydantic found in it; None if it found nothing.
        wrong: Keys, as they are written, that were complained of, or that were probably meant.

    """
    doubts = _Doubts(wrong)
    rest = None if doubts.cover(_TABLES) else _rest(tree, error)
    if rest is None:
        return []
    rules = [rule for rule in RULES if not doubts.about(TOGETHER.get(rule, ()))]
    return [each for rule in rules for each in rule(rest) if not doubts.cast_on(each, rule)]


# --- What was put aside, and what is said of it ----------------------------


class _Doubts:
    """Which complaints may come of what was put aside."""

    def __init__(self, wrong: Collection[str]) -> None:
        self._keys = {key for each in wrong for key in (each, *_following(each))}
        steps = [key.split(".") for key in self._keys]
        self._entries = {".".join(each[:2]) for each in steps if len(each) > 2}  # noqa: PLR2004
        self._inner = {".".join(each[2:]) for each in steps if len(each) > 2}  # noqa: PLR2004

    def cover(self, sections: Sequence[str]) -> bool:
        """Is any of these sections in doubt as a whole?"""
        return any(_is_in(each, key) for key in self._keys for each in sections)

    def about(self, sections: Sequence[str]) -> bool:
        """Is any of these sections in doubt, in part or as a whole?"""
        return any(
            _is_in(key, each) or _is_in(each, key) for key in self._keys for each in sections
        )

    def cast_on(self, complaint: Complaint, rule: Rule) -> bool:
        """May it be untrue? It names the key that it clashes with (config/check.py)."""
        said = f"{complaint.key} {complaint.problem} {complaint.hint}"
        if _STAND_IN in said or any(_is_in(complaint.key, key) for key in self._keys):
            return True
        if _is_in(complaint.key, _SENDERS) and self.about(_OF_MODELS):
            return True
        others = f"{complaint.problem} {complaint.hint}"
        named = self._keys | self._entries
        if rule not in BY_THEMSELVES:
            named |= self._inner | {entry.partition(".")[2] for entry in self._entries}
        return any(each in others for each in named)


def _following(key: str) -> Iterator[str]:
    section, dot, last = key.rpartition(".")
    if last in _FOLLOW:
        yield section + dot + _FOLLOW[last]


def _is_in(key: str, other: str) -> bool:
    return key == other or key.startswith((f"{other}.", f"{other}["))


# --- Putting aside ---------------------------------------------------------


def _rest(tree: Tree, error: ValidationError | None) -> Settings | None:
    """Return what is left, whole again; None if too much hangs on what is wrong."""
    tree = deepcopy(tree)
    for _ in range(_ROUNDS):
        for at, each in enumerate(error.errors() if error else ()):
            if not _put_aside(tree, each["loc"], stand_in=f"http://{_STAND_IN}-{at}"):
                return None
        try:
            return Settings.model_validate_json(json.dumps(tree, default=str), strict=True)
        except ValidationError as again:
            error = again
    return None


def _put_aside(tree: Tree, error: KeyPath, *, stand_in: str) -> bool:
    """Take a wrong value out; say whether that can be done."""
    path = _to_put_aside(error)
    if error[-1:] == ("[key]",) or is_table(path) or is_table(path[:-1]):
        return False  # names that others go by would be lost
    here = _section_of(tree, path)
    if here is None:
        return False
    here.pop(path[-1], None)
    if is_required(path):
        kind = type_at(path)
        if not is_text(kind):
            return False
        is_word = isinstance(kind, type) and issubclass(kind, enum.Enum)
        here[path[-1]] = next(iter(kind)).value if is_word else stand_in
    return True


def _to_put_aside(path: KeyPath) -> KeyPath:
    """Return what a section has at or above a value: a list, or a free mapping, is taken whole."""
    for length in range(1, len(path)):
        if not is_section(type_at(path[:length])) and not is_table(path[:length]):
            return path[:length]
    return path


def _section_of(tree: Tree, path: KeyPath) -> dict[str | int, Any] | None:
    here: Any = tree
    for step in path[:-1]:
        here = here.get(step) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else None
