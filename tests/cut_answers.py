"""Answers that end too early."""

from __future__ import annotations

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs.codec import Codec


def scored_when_cut(codec: Codec, body: bytes, *, headers: Headers = ()) -> list[int]:
    """Return after how many bytes an answer could be cut and would still be scored."""
    return [at for at in range(len(body)) if _is_scored(codec, body[:at], headers)]


def _is_scored(codec: Codec, body: bytes, headers: Headers) -> bool:
    try:
        answer = codec.read_answer(status=200, headers=headers, body=body)
    except CodecError:
        return False
    return not answer.incomplete and answer.error is None
