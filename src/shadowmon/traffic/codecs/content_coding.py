"""
Content codings of bodies (RFC 9110 section 8.4), taken off with a cap on what may come out.

gzip and deflate only: what the standard library can stop in the middle. A bomb costs no more
memory than the cap, and no more time than its length is worth.
"""

from __future__ import annotations

import zlib

from shadowmon.errors import CodecError
from shadowmon.records import Headers


DECODED_MAX = 64 * 1024 * 1024
"""Bytes that a decoded body may have."""
LAYERS_MAX = 2

_PIECE_BYTES = 4096
"""What an inflater is handed at one time: what it leaves, it copies, and a gzip member may be 20
bytes long."""
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
    at = 0
    while at < len(body):  # gzip may have several members, one after the other (RFC 1952, 2.2)
        inflater = zlib.decompressobj(window)
        while not inflater.eof:
            if at == len(body):
                msg = "body ends in the middle of its content coding"
                raise CodecError(msg)
            piece = _piece(inflater, body[at : at + _PIECE_BYTES], room + 1)
            at = min(at + _PIECE_BYTES, len(body)) - len(inflater.unused_data)
            room -= len(piece)
            if room < 0:
                msg = f"body is larger than {decoded_max} bytes once decoded"
                raise CodecError(msg)
            pieces += [piece] if piece else []
        if window != _GZIP:
            break
    return b"".join(pieces)


def _piece(inflater: zlib._Decompress, coded: bytes, most: int) -> bytes:
    try:
        return inflater.decompress(coded, most)
    except zlib.error as error:
        msg = "body is not of the content coding that it claims"
        raise CodecError(msg) from error
