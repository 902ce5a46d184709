"""
Codec protocol: the bytes of one wire format, read into the normal form.

A codec does no I/O and keeps no state between calls. It is registered under the entry point group
`shadowmon.codecs`; the entry's name is the word in `routes.<name>.codec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shadowmon.records import NOTHING_ASKED, Answer, Exchange, Headers, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a request asks for, as far as the mirror needs to know."""

    model: str | None = None
    """The model that the request names."""
    streams: bool = False
    """Did it ask for a stream?"""
    question: Question = NOTHING_ASKED
    """What is asked, for the scorers that hold an answer against it."""
    skip: str = ""
    """Why it must not be mirrored, in one word (`not_inference`, `server_side_tools`), or empty."""


class Codec(Protocol):
    """
    Reads one wire format.

    Constructed once for each route with that route's `codec_settings`; raises `ValueError` for
    settings it does not know, with the key and what is allowed.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None: ...

    def read_request(self, exchange: Exchange) -> Ask:
        """
        Say what the request asks for.

        Raises:
            CodecError: If the bytes are not this format.

        """
        ...

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """
        Read a whole answer, streamed or not, into the normal form.

        A body that is well formed and reports an error has `Answer.error`; a stream that ended
        before its end has `Answer.incomplete`.

        Raises:
            CodecError: If the bytes are not this format.

        """
        ...

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """
        Return the request's body for another model: `model` replaced, top-level keys set.

        Raises:
            CodecError: If the bytes are not this format.

        """
        ...


class Retargeting(Protocol):
    """What a codec has besides, whose requests name the model in their path and not in the body."""

    def retarget(self, target: str, *, model: str) -> str:
        """Return a request's target for another model; unchanged if it names none."""
        ...
