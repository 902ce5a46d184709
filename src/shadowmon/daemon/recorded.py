"""
Pairs that were recorded with both answers: JSON lines, one pair each.

    {"id": "q-17", "baseline": {"text": "A: 18"}, "optimized": {"text": "A: 26"},
     "label": "A: 18", "slices": ["long"], "at": "2026-01-31T12:00:00Z"}

An answer is in the normal form, with the keys of `records.Answer`; or as it came over the wire,
{"status": 200, "body": ...}, to be read by the route's codec: a body that is text is taken as it
is, any other one as the JSON that it is. Either may say its `outcome` (timeout, reset, ...; then
nothing else is needed), `seconds` and `first_byte_seconds`; one in normal form also what it cost
(`cost`). `baseline_again` is the baseline's
second answer to the same request; `question` is what was asked, with the keys of
`records.Question`. Label, slices, at, baseline_again and question may be left out.

Rule 1: a line that is not this is refused with the reason, and no part of it is counted.
Rule 2: a reason never quotes what a model said.
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import msgspec

from shadowmon.errors import CodecError
from shadowmon.mirror.reading import Received, read_reply
from shadowmon.records import (
    EVERYTHING,
    NOTHING_ASKED,
    Answer,
    ExchangeId,
    ModelName,
    Outcome,
    Question,
    Reply,
    SliceName,
)
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.codecs.codec import Codec


_REQUIRED = ("id", "baseline", "optimized")
_OPTIONAL = ("label", "slices", "at", "baseline_again", "question")

_SERVICE = ("outcome", "seconds", "first_byte_seconds")
_ANSWER = tuple(field.name for field in fields(Answer))
_QUESTION = tuple(field.name for field in fields(Question))
_WIRE = ("status", "headers", "body")

_ID_MAX = 256
_SLICES_MAX = 100
_STATUS_MAX = 599


class LineError(Exception):
    """A line is no recorded pair. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One line."""

    id: ExchangeId
    baseline: Reply
    optimized: Reply
    baseline_again: Reply | None = None
    label: str | None = None
    slices: frozenset[SliceName] = frozenset({EVERYTHING})
    at: datetime | None = None
    question: Question = NOTHING_ASKED
    is_timed: bool = False
    """Does it say how long both models took?"""


class Reader:
    """Reads the lines of one trial."""

    def __init__(self, *, codec: Codec, baseline: ModelName, optimized: ModelName) -> None:
        """
        Args:
            codec: Reads answers that are as they came over the wire.
            baseline: The two models' names.
            optimized: See there.

        """
        self._codec = codec
        self._models = {
            "baseline": baseline,
            "optimized": optimized,
            "baseline_again": baseline,
        }

    def read(self, line: bytes) -> Recorded:
        """
        Read one line.

        Raises:
            LineError: If it is no recorded pair.

        """
        try:
            found = strict_json.loads(line)
        except CodecError as error:
            raise LineError(str(error)) from None
        return self.read_told(found)

    def read_told(self, found: Any) -> Recorded:  # noqa: ANN401 - any JSON value
        """
        Read one line that was taken apart already.

        Raises:
            LineError: If it is no recorded pair.

        """
        told = _object(found, "the line", required=_REQUIRED, optional=_OPTIONAL)
        again = told.get("baseline_again")
        return Recorded(
            id=ExchangeId(_text(told["id"], "id", at_most=_ID_MAX)),
            baseline=self._reply("baseline", told["baseline"]),
            optimized=self._reply("optimized", told["optimized"]),
            baseline_again=None if again is None else self._reply("baseline_again", again),
            label=_maybe(told, "label", _text),
            slices=frozenset((EVERYTHING, *(_maybe(told, "slices", _slices) or ()))),
            at=_maybe(told, "at", _moment),
            question=_maybe(told, "question", _question) or NOTHING_ASKED,
            is_timed=all("seconds" in told[arm] for arm in ("baseline", "optimized")),
        )

    def _reply(self, where: str, told: Any) -> Reply:  # noqa: ANN401 - any JSON value
        if isinstance(told, Mapping) and "body" in told:
            wire = _object(told, where, required=_WIRE[2:], optional=(*_WIRE[:2], *_SERVICE))
            return self._from_wire(where, wire)
        answer = _object(told, where, required=(), optional=(*_ANSWER, *_SERVICE, "cost"))
        outcome = _maybe(answer, "outcome", _outcome) or Outcome.OK
        return Reply(
            model=self._models[where],
            outcome=outcome,
            answer=_answer(answer, where) if outcome is Outcome.OK else None,
            duration_seconds=_maybe(answer, "seconds", _seconds) or 0.0,
            first_byte_seconds=_maybe(answer, "first_byte_seconds", _seconds),
            cost=_maybe(answer, "cost", _seconds),
        )

    def _from_wire(self, where: str, told: Mapping[str, Any]) -> Reply:
        status, body = told.get("status", 200), told["body"]
        if type(status) is not int or not 0 < status <= _STATUS_MAX:
            msg = f"{where}.status must be a whole number up to {_STATUS_MAX}"
            raise LineError(msg)
        received = Received(
            status=status,
            headers=tuple(_maybe(told, "headers", _headers) or ()),
            body=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
            duration_seconds=_maybe(told, "seconds", _seconds) or 0.0,
            first_byte_seconds=_maybe(told, "first_byte_seconds", _seconds),
        )
        return read_reply(self._models[where], received, codec=self._codec, price=None)


def _answer(told: Mapping[str, Any], where: str) -> Answer:
    parts = {key: value for key, value in told.items() if key in _ANSWER}
    if not parts:
        msg = f"{where} says nothing: give text, label, fields, … or outcome"
        raise LineError(msg)
    try:
        return msgspec.convert(parts, Answer)
    except msgspec.ValidationError as error:
        msg = f"{where}: {error}"
        raise LineError(msg) from None


def _question(told: object, key: str) -> Question:
    parts = _object(told, key, required=(), optional=_QUESTION)
    try:
        return msgspec.convert(dict(parts), Question)
    except msgspec.ValidationError as error:
        msg = f"{key}: {error}"
        raise LineError(msg) from None


def _object(
    told: Any,  # noqa: ANN401 - any JSON value
    where: str,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        msg = f"{where} must be a JSON object"
        raise LineError(msg)
    strange = sorted(set(told) - {*required, *optional})
    if strange:
        msg = f'{where} has no key "{strange[0][:40]}"; there are: {", ".join(required + optional)}'
        raise LineError(msg)
    missing = [key for key in required if key not in told]
    if missing:
        msg = f"{where} lacks {missing[0]}"
        raise LineError(msg)
    return told


def _maybe(told: Mapping[str, Any], key: str, read: Any) -> Any:  # noqa: ANN401 - what `read` reads
    value = told.get(key)
    return None if value is None else read(value, key)


def _text(value: object, key: str, *, at_most: int | None = None) -> str:
    if not isinstance(value, str) or not value:
        msg = f"{key} must be text, and not empty"
        raise LineError(msg)
    if at_most is not None and len(value) > at_most:
        msg = f"{key} has more than {at_most} characters"
        raise LineError(msg)
    return value


def _slices(value: object, key: str) -> list[SliceName]:
    if not isinstance(value, list) or len(value) > _SLICES_MAX:
        msg = f"{key} must be a list of at most {_SLICES_MAX} names"
        raise LineError(msg)
    return [SliceName(_text(each, f"each of {key}", at_most=_ID_MAX)) for each in value]


def _moment(value: object, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value, key))
    except ValueError:
        msg = f"{key} must be a time as in RFC 3339, such as 2026-01-31T12:00:00Z"
        raise LineError(msg) from None
    if moment.tzinfo is None:
        msg = f"{key} has no time zone; end it with Z for UTC"
        raise LineError(msg)
    return moment


def _seconds(value: object, key: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        msg = f"{key} must be a number, 0 or more"
        raise LineError(msg)
    return float(value)


def _outcome(value: object, key: str) -> Outcome:
    try:
        return Outcome(_text(value, key))
    except ValueError:
        msg = f"{key} must be one of: {', '.join(Outcome)}"
        raise LineError(msg) from None


def _headers(value: object, key: str) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        msg = f"{key} must be an object of texts"
        raise LineError(msg)
    return [(name.lower(), _text(each, f"{key}.{name[:40]}")) for name, each in value.items()]
