"""
What the daemon and a scorer process say to each other, over a stream socket.

A frame is four bytes, the length of what follows, and a message in MessagePack. The daemon sends
`Start` once and gets `Ready`; then each list of pairs is answered by a list of `Scored`, in the
same order. The pairs are not sent back.

Pairs carry what models wrote, so MessagePack's bounds matter: whole numbers of more than 64 bits
travel as an extension, and half a surrogate pair, which no UTF-8 can say, becomes U+FFFD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec

from shadowmon.ipc.frames import framed
from shadowmon.records import Observation, Pair


_WIDE_INTEGER = 1
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


class Start(msgspec.Struct, frozen=True, array_like=True):
    """What a scorer process is to do."""

    settings: str
    """`ScoringSettings` as JSON."""
    panels: dict[str, list[str]]
    """Trial -> names of its scorers."""
    idle_class: bool = False
    """Run only where a CPU has nothing else to do (SCHED_IDLE, sched(7))."""


class Ready(msgspec.Struct, frozen=True, array_like=True):
    """All panels are built; or why they cannot be."""

    problem: str = ""


class Scored(msgspec.Struct, frozen=True, array_like=True):
    """`records.Score` but for its pair."""

    observations: tuple[Observation, ...]
    scorer_failures: dict[str, str]


def _extension(code: int, data: memoryview) -> int:
    if code != _WIDE_INTEGER:
        msg = f"extension code ({code}) must be {_WIDE_INTEGER}, a wide integer"
        raise ValueError(msg)
    return int.from_bytes(data, "big", signed=True)


_encoder = msgspec.msgpack.Encoder()
_start_decoder = msgspec.msgpack.Decoder(Start)
_ready_decoder = msgspec.msgpack.Decoder(Ready)
_pairs_decoder = msgspec.msgpack.Decoder(list[Pair], ext_hook=_extension)
_scored_decoder = msgspec.msgpack.Decoder(list[Scored])

read_start = _start_decoder.decode
read_ready = _ready_decoder.decode
read_pairs = _pairs_decoder.decode
read_scored = _scored_decoder.decode


def frame(message: Start | Ready | Sequence[Scored]) -> bytes:
    """Return a message as it is sent."""
    return framed(_encoder.encode(message))


def frame_pairs(pairs: Sequence[Pair]) -> bytes:
    """
    Return pairs as they are sent.

    Raises:
        ValueError: If an answer cannot be sent: nested too deep, or not JSON.

    """
    try:
        try:
            return framed(_encoder.encode(pairs))
        except (OverflowError, UnicodeEncodeError):
            return framed(_encoder.encode([_sendable(pair) for pair in pairs]))
    except (TypeError, RecursionError) as error:
        msg = f"pairs cannot be sent to a scorer process: {type(error).__name__}"
        raise ValueError(msg) from error


def _sendable(value: Any) -> Any:  # noqa: ANN401 - a record, or any JSON in it
    """Return a copy that MessagePack can say."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case int() if not _INT64_MIN <= value <= _UINT64_MAX:
            size = value.bit_length() // 8 + 1
            return msgspec.msgpack.Ext(_WIDE_INTEGER, value.to_bytes(size, "big", signed=True))
        case Mapping():
            return {_sendable(key): _sendable(each) for key, each in value.items()}
        case list() | tuple() | frozenset():
            return type(value)(map(_sendable, value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{each.name: _sendable(getattr(value, each.name)) for each in fields(value)}
            )
        case _:
            return value
