"""Bodies: where they end, what is payload, what is refused."""

from __future__ import annotations

import pytest

from shadowmon.proxy.framing import CHUNKED, MORE, UNTIL_CLOSE, FramingError, chunk, framing


def read(length: int, *pieces: bytes) -> tuple[int, bytes]:
    """Feed pieces; returns where the last one ended the body, and the payload."""
    reader = framing(length)
    payload: list[bytes] = []
    end = MORE
    for piece in pieces:
        end = reader.feed(piece, payload)
    return end, b"".join(payload)


def test_a_length_ends_a_body():
    """What follows is not of the body."""
    assert read(5, b"he", b"llo!!") == (3, b"hello")


def test_the_connection_ends_a_body_without_a_length():
    """Only an orderly end makes it whole."""
    assert read(UNTIL_CLOSE, b"he", b"llo") == (MORE, b"hello")
    assert framing(UNTIL_CLOSE).ends_with_connection()
    assert not framing(5).ends_with_connection()
    assert not framing(CHUNKED).ends_with_connection()


def test_the_last_chunk_ends_a_body():
    """Extensions and trailers are no payload."""
    wire = b'3;a=b\r\nabc\r\n00A ; c="d"\r\n0123456789\r\n0\r\nT: x\r\n\r\nNEXT'

    assert read(CHUNKED, wire) == (len(wire) - 4, b"abc0123456789")


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b"g\r\n",
        b"+1\r\n",
        b" 1\r\n",
        b"1 \r\n",
        b"1_0\r\n",
        b"0x1\r\n",
        b"1;\x00\r\n",
        b"1;\x7f\r\n",
        b"1\n",
        b"1\r\nab",
        b"1\r\na\n",
        b"1\r\na\rb",
        b"0000000000000001\r\n",
        b"0\r\nno colon\r\n",
        b"0\r\n : x\r\n",
        b"0\r\na b: x\r\n",
        b"0\r\na: \x00\r\n",
        b"0\r\na: b\n",
        b"0\r\n\n",
        b"1" * 5000,
        b"0\r\n" + b"a: b\r\n" * 4000,
    ],
)
def test_odd_chunks_are_refused(wire):
    """What RFC 9112 does not allow is an error, whole or byte by byte."""
    with pytest.raises(FramingError):
        read(CHUNKED, wire)
    with pytest.raises(FramingError):
        read(CHUNKED, *(bytes([byte]) for byte in wire))


def test_a_chunk_is_written():
    """Its size in hexadecimal, its payload, its end."""
    assert chunk([b"0123456789", b"abcdef"]) == b"10\r\n0123456789abcdef\r\n"
