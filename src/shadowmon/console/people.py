"""
What users and reviewers say: feedback on replies, and preferences side by side.

Rule 1: whoever compares two answers is never told which model gave which.
Rule 2: what is compared are production's own texts: they are handed to reviewers only.
"""

from __future__ import annotations

import enum
import re

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from aiohttp import web

from shadowmon.console.answers import as_json, no_trial, refuse
from shadowmon.console.desk import Desk
from shadowmon.console.plain import plain
from shadowmon.console.reading import (
    ID_MAX,
    MANY_MAX,
    NAME_MAX,
    body_of,
    object_of,
    query_of,
    text_of,
)
from shadowmon.records import Arm, ExchangeId, Feedback, FeedbackKind, TrialId
from shadowmon.trial.review import ReviewStanding
from shadowmon.view import ReviewTask, Said


NEXT_PATH = "/api/v1/trials/{trial}/review/next"
PREFERENCES_PATH = "/api/v1/trials/{trial}/preferences"
REVIEWED = frozenset({NEXT_PATH, PREFERENCES_PATH})
"""What reviewers come for: it is about what users wrote and were answered."""

_KEYS = {"kind", "exchange_id", "trial", "arm", "at"}
_OF_ARM = ("trial", "arm")
_TIME_MAX = 64
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

_Word = TypeVar("_Word", bound=enum.StrEnum)


class People:
    """Every handler that people's words come in by."""

    def __init__(self, desk: Desk, *, body_seconds: float) -> None:
        self._desk = desk
        self._body_seconds = body_seconds

    def routes(self) -> list[web.RouteDef]:
        """Return every route. Each is described in console/openapi/paths/."""
        return [
            web.post("/api/v1/feedback", self.feedback),
            web.get(NEXT_PATH, self.next_review),
            web.post(PREFERENCES_PATH, self.prefer),
        ]

    async def feedback(self, request: web.Request) -> web.Response:
        """Take in what users said: all of it, or nothing."""
        told = await body_of(request, within_seconds=self._body_seconds)
        many = told if isinstance(told, list) else [told]
        if len(many) > MANY_MAX:
            hint = f"send at most {MANY_MAX:,} at one time"
            refuse(413, f"these are {len(many):,} pieces of feedback", hint)
        return as_json(dict(self._desk.feel(_feedback(many))))

    async def next_review(self, request: web.Request) -> web.Response:
        """Hand out the next comparison for a reviewer."""
        query = query_of(request, "reviewer")
        reviewer = text_of(query, "reviewer", at_most=NAME_MAX)
        trial_id = TrialId(request.match_info["trial"])
        try:
            task, standing = await self._desk.next_review(trial_id, reviewer)
        except KeyError:
            self._unknown(trial_id)
        return as_json({"task": task and _task(task), "standing": _standing(standing)})

    async def prefer(self, request: web.Request) -> web.Response:
        """Take a reviewer's word."""
        body = await body_of(request, within_seconds=self._body_seconds)
        told = object_of(body, {"task", "reviewer", "choice"})
        trial_id = TrialId(request.match_info["trial"])
        try:
            standing = await self._desk.prefer(
                trial_id,
                task=ExchangeId(text_of(told, "task", at_most=ID_MAX)),
                reviewer=text_of(told, "reviewer", at_most=NAME_MAX),
                said=_word(told, "choice", Said, "the body"),
            )
        except KeyError:
            self._unknown(trial_id)
        return as_json({"standing": _standing(standing)})

    def _unknown(self, trial_id: TrialId) -> NoReturn:
        no_trial(trial_id, (trial.trial_id for trial in self._desk.view().trials))


def _task(task: ReviewTask) -> dict[str, Any]:
    return {
        "id": task.id,
        "question": dict(task.question),
        "left": dict(task.left),
        "right": dict(task.right),
        "slices": list(task.slices),
    }


def _standing(standing: ReviewStanding) -> dict[str, Any]:
    lower, upper = standing.interval
    return {
        "comparisons": standing.tasks,
        "needed": standing.needed,
        "score": standing.score,
        "lower": lower,
        "upper": upper,
        "agreement": standing.agreement,
        "grade": standing.grade.value,
        "sentence": standing.sentence,
    }


def _feedback(many: Sequence[Any]) -> list[Feedback]:
    return [_one(value, f"feedback {at}") for at, value in enumerate(many)]


def _one(value: Any, where: str) -> Feedback:  # noqa: ANN401 - any JSON value
    told = object_of(value, _KEYS, where)
    kind = _word(told, "kind", FeedbackKind, where)
    by_exchange = "exchange_id" in told
    if by_exchange == any(key in told for key in _OF_ARM):
        refuse(400, f"{where} cannot be joined", "give exchange_id, or else trial and arm")
    if by_exchange:
        exchange_id = text_of(told, "exchange_id", at_most=ID_MAX, where=f"{where}: ")
        return Feedback(kind=kind, exchange_id=ExchangeId(exchange_id))
    return Feedback(
        kind=kind,
        trial_id=TrialId(text_of(told, "trial", at_most=NAME_MAX, where=f"{where}: ")),
        arm=_word(told, "arm", Arm, where),
        at=_moment(told, where),
    )


def _word(told: dict[str, Any], key: str, words: type[_Word], where: str) -> _Word:
    word = text_of(told, key, at_most=NAME_MAX, where=f"{where}: ")
    try:
        return words(word)
    except ValueError:
        there = ", ".join(each.value for each in words)
        refuse(400, f'{where}: no {key} is called "{plain(word, limit=40)}"', f"there are: {there}")


def _moment(told: dict[str, Any], where: str) -> datetime | None:
    if "at" not in told:
        return None
    text = text_of(told, "at", at_most=_TIME_MAX, where=f"{where}: ")
    try:
        # Python reads more of ISO 8601 than RFC 3339 allows, weeks and times without a zone.
        return datetime.fromisoformat(text) if _RFC_3339.fullmatch(text) else _no_moment(where)
    except ValueError:
        _no_moment(where)


def _no_moment(where: str) -> NoReturn:
    hint = "give a time as in RFC 3339, such as 2026-01-31T12:00:00Z"
    refuse(400, f"{where}: at cannot be used", hint)
