"""
Joins the records of a recording's files into requests, in the order in which they were made.

| what was found | what becomes of it |
|---|---|
| a request, with or without answers | a `Slot` |
| an answer without its request | refused: nobody knows what was asked |
| a second request, or a second answer of one model, of the same id | refused: which one is meant? |

If all requests tell when they were made that is their order, and else it is the files'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from shadowmon.traffic.recordings.recording import ID_MAX, Kind, Part, Unusable


Refuse = Callable[[str, int, int], None]
"""Takes a problem, a file's place among the files, and a record's number."""

REPEATED = "its id was there before"
ALONE = "an answer without its request"
LONG_ID = f"its id has more than {ID_MAX} characters"
NO_ID = "its id is empty"


class Place(NamedTuple):
    """Where a record lies."""

    file: int
    number: int
    offset: int
    length: int


@dataclass(slots=True)
class Slot:
    """One request's place in the recording."""

    id: str
    at: float | None = None
    places: dict[Kind, Place] = field(default_factory=dict)

    @property
    def first(self) -> Place:
        """Where it is told to lie."""
        return self.places.get(Kind.REQUEST) or next(iter(self.places.values()))


class Index:
    """Takes parts in; slots are what comes out."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._slots: dict[str, Slot] = {}

    def add(self, file: int, part: Part | Unusable) -> None:
        """Take one record in."""
        problem = part.problem if isinstance(part, Unusable) else _wrong_id(part.key)
        if problem or isinstance(part, Unusable):
            self._refuse(problem, file, part.number)
            return
        slot = self._slots.setdefault(part.key, Slot(part.key))
        # One that comes with an answer is known by it: both models' logs may tell the request.
        answers = [kind for kind in part.kinds if kind is not Kind.REQUEST]
        if any(kind in slot.places for kind in answers or part.kinds):
            self._refuse(REPEATED, file, part.number)
            return
        place = Place(file, part.number, part.offset, part.length)
        slot.places.update(dict.fromkeys(answers, place))
        if Kind.REQUEST in part.kinds and (
            Kind.REQUEST not in slot.places or Kind.BASELINE in part.kinds
        ):
            slot.places[Kind.REQUEST] = place
            slot.at = part.at

    def slots(self) -> list[Slot]:
        """Return every request, in order; answers that belong to none are refused."""
        found = []
        for slot in self._slots.values():
            if Kind.REQUEST in slot.places:
                found.append(slot)
            else:
                for place in slot.places.values():
                    self._refuse(ALONE, place.file, place.number)
        if all(slot.at is not None for slot in found):
            found.sort(key=lambda slot: slot.at or 0.0)
        return found


def fingerprint(slots: list[Slot]) -> str:
    """Return what tells this recording from another one, as 32 hexadecimal digits."""
    known = blake2b(digest_size=16)
    for slot in slots:
        lengths = [(kind.value, place.length) for kind, place in sorted(slot.places.items())]
        known.update(repr((slot.id, slot.at, lengths)).encode("utf-8", "replace"))
    return known.hexdigest()


def _wrong_id(key: str) -> str:
    if not key:
        return NO_ID
    return LONG_ID if len(key) > ID_MAX else ""
