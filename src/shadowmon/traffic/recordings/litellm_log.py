"""
What a LiteLLM gateway's logger wrote, as JSON lines: one StandardLoggingPayload each.

Read as those that are posted (traffic/litellm.py): which model a payload is of is said by
`traffic.events.litellm`, and the user's call and its silent one meet by the same id.
"""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.records import ModelName
from shadowmon.traffic.litellm import Gateway
from shadowmon.traffic.recordings.http_message import field_lines
from shadowmon.traffic.recordings.lines import Described, Json, JsonLines, json_object
from shadowmon.traffic.recordings.recording import (
    Arms,
    Kind,
    RecordedAnswer,
    RecordedRequest,
    RecordingError,
)
from shadowmon.traffic.sighting import SeenAnswer, Sighting, SightingError


def litellm_log(gateway: Gateway, arms: Arms) -> JsonLines:
    """
    Return the reader of the payloads that are about a trial.

    Args:
        gateway: Says of which model a payload is.
        arms: The trial's models.

    """
    log = _Log(gateway, arms)
    return JsonLines(describe=log.describe, read=log.read)


class _Log:
    def __init__(self, gateway: Gateway, arms: Arms) -> None:
        self._gateway = gateway
        self._route = arms.route
        self._kinds: dict[ModelName, Kind] = {
            arms.baseline: Kind.BASELINE,
            arms.optimized: Kind.OPTIMIZED,
        }

    def read(self, pieces: Mapping[Kind, bytes]) -> RecordedRequest:
        request = self._sighting(json_object(pieces[Kind.REQUEST])).request
        if request is None:  # pragma: no cover - every payload tells its request
            msg = "the payload tells no request"
            raise RecordingError(msg)
        return RecordedRequest(
            target=request.target.decode(),
            headers=field_lines(request.headers),
            body=request.body,
            baseline=self._answer(pieces.get(Kind.BASELINE)),
            optimized=self._answer(pieces.get(Kind.OPTIMIZED)),
        )

    def describe(self, told: Json) -> Described:
        seen = self._sighting(told)
        kind = self._kinds.get(seen.model)
        if kind is None or seen.route != self._route:
            msg = "it is of a model that this trial does not compare"
            raise RecordingError(msg)
        return Described(seen.id, (Kind.REQUEST, kind), seen.at)

    def _sighting(self, told: Json) -> Sighting:
        try:
            return self._gateway.read(told)
        except SightingError as error:
            raise RecordingError(str(error)) from None

    def _answer(self, piece: bytes | None) -> RecordedAnswer | None:
        answer: SeenAnswer | None = (
            None if piece is None else self._sighting(json_object(piece)).answer
        )
        if answer is None:
            return None
        return RecordedAnswer(
            status=answer.status,
            headers=field_lines(answer.headers),
            body=answer.body,
            seconds=answer.seconds,
            first_byte_seconds=answer.first_byte_seconds,
        )
