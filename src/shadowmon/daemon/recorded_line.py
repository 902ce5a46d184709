"""
Pairs as lines of a recording: what `recorded.Reader` reads, written. Pure.

Rule 1: a line that is read again is the pair that was written, for all that a scorer can see; so a
recording that a replay wrote is judged as the replay was.
Rule 2: secrets are taken out first, on both sides alike (traffic/redact.py). What was taken out of
an answer is not compared when the line is judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from shadowmon.daemon.recorded import Recorded
from shadowmon.records import (
    EVERYTHING,
    NOTHING_ASKED,
    Answer,
    ExchangeId,
    Outcome,
    Pair,
    Question,
    Reply,
)
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.field_path import FieldPath, texts
from shadowmon.traffic.redact import MARK, Redaction, kept_id
from shadowmon.traffic.settings import Privacy, RedactionSettings


def recorded_of(pair: Pair, *, label: str | None = None) -> Recorded:
    """Return a pair that was just made as one that was recorded."""
    return Recorded(
        id=pair.exchange_id,
        baseline=pair.baseline,
        optimized=pair.optimized,
        baseline_again=pair.baseline_again,
        label=label,
        slices=pair.slices,
        at=pair.received_at,
        question=pair.question,
        is_timed=_is_timed(pair.baseline) and _is_timed(pair.optimized),
    )


def _is_timed(reply: Reply) -> bool:
    """Did somebody take its time? A time that nobody took is 0, and so is that of no answer."""
    return bool(reply.duration_seconds) or reply.outcome is not Outcome.OK


@dataclass(frozen=True, slots=True)
class LineWriter:
    """Writes pairs as lines."""

    redaction: Redaction
    settings: RedactionSettings

    def name_of(self, exchange_id: str) -> ExchangeId:
        """Return what a pair's request is called: its id, or a hash of one that holds a secret."""
        given = ExchangeId(exchange_id)
        is_clean = self.redaction.redact_text(given) == given
        return given if is_clean else kept_id(given, Privacy.SCORES_ONLY)

    def line_of(self, recorded: Recorded) -> bytes:
        """
        Return the line, with its end.

        Raises:
            CodecError: If something in it is no JSON.

        """
        told: dict[str, Any] = {
            "id": self.name_of(recorded.id),
            "baseline": self._reply(recorded.baseline, is_timed=recorded.is_timed),
            "optimized": self._reply(recorded.optimized, is_timed=recorded.is_timed),
        }
        if recorded.baseline_again is not None:
            told["baseline_again"] = self._reply(recorded.baseline_again, is_timed=False)
        if recorded.label is not None:
            told["label"] = self.redaction.redact_text(recorded.label)
        slices = sorted(recorded.slices - {EVERYTHING})
        if slices:
            told["slices"] = slices
        if recorded.at is not None:
            told["at"] = recorded.at.isoformat()
        if recorded.question != NOTHING_ASKED:
            question = _said(recorded.question, Question())
            told["question"] = texts(question, self.redaction.redact_text)
        return strict_json.dumps(told) + b"\n"

    def _reply(self, reply: Reply, *, is_timed: bool) -> Mapping[str, Any]:
        told: dict[str, Any] = {}
        if reply.answer is not None:
            told = _said(reply.answer, Answer()) or {"text": None}
            told = texts(self._without_fields(told), self.redaction.redact_text)
        if reply.outcome is not Outcome.OK:
            told["outcome"] = reply.outcome.value
        if is_timed or reply.duration_seconds:
            told["seconds"] = reply.duration_seconds
        if reply.first_byte_seconds is not None:
            told["first_byte_seconds"] = reply.first_byte_seconds
        if reply.cost is not None:
            told["cost"] = reply.cost
        return told

    def _without_fields(self, told: dict[str, Any]) -> dict[str, Any]:
        """Take the configured fields out of whatever in an answer is JSON by itself."""
        for place, path in enumerate(self.settings.fields):
            field = FieldPath(path, key=f"redaction.fields[{place}]")
            _replace(told, "fields", field)
            for call in told.get("tool_calls", ()):
                _replace(call, "arguments", field)
        return told


def _replace(told: dict[str, Any], key: str, field: FieldPath) -> None:
    if told.get(key) is not None:
        told[key] = field.replaced(told[key], MARK)


def _said(record: Answer | Question, nothing: Answer | Question) -> dict[str, Any]:
    """Return the fields of a record that say something, as JSON."""
    found = {
        field.name: getattr(record, field.name)
        for field in fields(record)
        if getattr(record, field.name) != getattr(nothing, field.name)
    }
    told: dict[str, Any] = _lists(msgspec.to_builtins(found))
    return told


def _lists(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Turn tuples, which JSON does not have, into lists."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return value
