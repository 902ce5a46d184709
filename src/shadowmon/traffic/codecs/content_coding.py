"""
Content codings of bodies (RFC 9110 section 8.4), taken off with a cap on what may come out.

gzip and deflate only: what the standard library can stop in the middle. A bomb costs no more
memory than the cap.
"""

from __future__ import annotations

import zlib

from shadowmon.errors import CodecError
from shadowmon.records import Headers


DECODED_MAX = 64 * 1024 * 1024
"""Bytes that a decoded body may have."""
LAYERS_MAX = 2

_GZIP = 16 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS


def header(headers: Headers, name: str) -> str:
    """Return a header's value, several ones joined by a comma; empty if there is none."""
    return ", ".join(value for found, value in headers if found == name)


def plain(headers: Headers, body: bytes, *, decoded_max: int = DECODED_MAX) -> bytes:
    """
    Return the body without its content codings.

    Raises:
        CodecError: If a coding is unknown, the bytes are not of it, or more than `decoded_max`
            bytes come out.

    """
    codings = [coding.strip().lower() for coding in header(headers, "content-encoding").split(",")]
    codings = [coding for coding in codings if coding not in {"", "identity"}]
    if len(codings) > LAYERS_MAX:
        msg = f"body has {len(codings)} content codings; at most {LAYERS_MAX} are read"
        raise CodecError(msg)
    for coding in reversed(codings):
        body = _without(coding, body, decoded_max)
    return body


def _without(coding: str, body: bytes, decoded_max: int) -> bytes:
    if coding in {"gzip", "x-gzip"}:
        return _inflated(body, _GZIP, decoded_max)
    if coding == "deflate":
        # RFC 9110 section 8.4.1.2: zlib's format, and "some non-conformant implementations" send
        # it without its wrapper. The wrapper's first byte says method 8.
        wrapped = bool(body) and body[0] & 0x0F == zlib.DEFLATED
        return _inflated(body, zlib.MAX_WBITS if wrapped else _RAW_DEFLATE, decoded_max)
    msg = "body has a content coding that is not read; gzip and deflate are"
    raise CodecError(msg)


def _inflated(body: bytes, window: int, decoded_max: int) -> bytes:
    pieces: list[bytes] = []
    room = decoded_max
    rest = body
    while rest:  # gzip may have several members, one after the other (RFC 1952 section 2.2)
        inflater = zlib.decompressobj(window)
        try:
            piece = inflater.decompress(rest, room + 1)
        except zlib.error as error:
            msg = "body is not of the content coding that it claims"
            raise CodecError(msg) from error
        if len(piece) > room:
            msg = f"body is larger than {decoded_max} bytes once decoded"
            raise CodecError(msg)
        if not inflater.eof:
            msg = "body ends in the middle of its content coding"
            raise CodecError(msg)
        pieces.append(piece)
        room -= len(piece)
        rest = inflater.unused_data if window == _GZIP else b""
    return b"".join(pieces)
