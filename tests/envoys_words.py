"""What Envoy's external processing filter writes, byte by byte: an encoder of its own."""

from __future__ import annotations

from collections.abc import Iterable


Fields = Iterable[tuple[str, str]]

ASKED = (
    (":method", "POST"),
    (":path", "/v1/chat/completions"),
    (":authority", "models:80"),
    ("content-type", "application/json"),
    ("x-request-id", "x-1"),
)
ANSWERED = ((":status", "200"), ("content-type", "application/json"))


def varint(number: int) -> bytes:
    """Write a number."""
    pieces = bytearray()
    while number > 0x7F:
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*pieces, number])


def spanned(number: int, value: bytes) -> bytes:
    """Write a field of bytes, or of a message."""
    return varint(number << 3 | 2) + varint(len(value)) + value


def flag(number: int, *, is_set: bool) -> bytes:
    """Write a bool; what is false is not written."""
    return varint(number << 3) + b"\1" if is_set else b""


def headers(kind: int, fields: Fields, *, is_last: bool = False, observing: bool = True) -> bytes:
    """Write a message of request's (2) or response's (3) headers."""
    each = (spanned(1, name.encode()) + spanned(3, value.encode()) for name, value in fields)
    content = spanned(1, b"".join(spanned(1, header) for header in each))
    return _message(kind, content + flag(3, is_set=is_last), observing=observing)


def body(kind: int, content: bytes, *, is_last: bool = False) -> bytes:
    """Write a message of a request's (4) or response's (5) body."""
    text = spanned(1, content) if content else b""
    return _message(kind, text + flag(2, is_set=is_last))


def trailers(kind: int) -> bytes:
    """Write a message of request's (6) or response's (7) trailers."""
    return _message(kind, spanned(1, spanned(1, spanned(1, b"x") + spanned(3, b"y"))))


def _message(kind: int, content: bytes, *, observing: bool = True) -> bytes:
    return spanned(kind, content) + flag(10, is_set=observing)


def told(*, asked: Fields = ASKED, answered: Fields = ANSWERED) -> list[bytes]:
    """Write the stream of a request and of its answer, each body in two pieces."""
    return [
        headers(2, asked),
        body(4, b'{"messages":'),
        body(4, b"[]}", is_last=True),
        headers(3, answered),
        body(5, b'{"id":'),
        body(5, b'"1"}'),
        body(5, b"", is_last=True),
    ]
