"""However the network cuts a message, it is the same message."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.proxy.fields import HeadError
from shadowmon.proxy.framing import CHUNKED, LAST_CHUNK, MORE, FramingError, chunk, framing
from shadowmon.proxy.request_head import RequestReader


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut at these places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def fate(length: int, pieces: list[bytes]) -> tuple[str, bytes, bytes]:
    """Read pieces: how it ended, the payload, and what was left over."""
    reader = framing(length)
    payload: list[bytes] = []
    for number, piece in enumerate(pieces):
        try:
            end = reader.feed(piece, payload)
        except FramingError:
            return "refused", b"", b""
        if end != MORE:
            return "whole", b"".join(payload), piece[end:] + b"".join(pieces[number + 1 :])
    return "more", b"".join(payload), b""


chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
places = st.lists(st.integers(0, 10_000), max_size=12)
soup = st.lists(
    st.sampled_from(
        [b"0", b"1", b"3", b"a", b"\r\n", b"\r", b"\n", b";", b" ", b":", b"T: x", b"abc", b"\x00"]
    ),
    max_size=14,
).map(b"".join)


@given(chunks, st.binary(max_size=20), places)
def test_chunks_survive_every_cut(pieces, behind, where):
    """What was framed is read back, and what follows is left alone."""
    wire = b"".join(chunk([piece]) for piece in pieces) + LAST_CHUNK

    assert fate(CHUNKED, cut(wire + behind, where)) == ("whole", b"".join(pieces), behind)


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=20), places)
def test_a_sized_body_survives_every_cut(body, behind, where):
    """Exactly its length is taken."""
    assert fate(len(body), cut(body + behind, where)) == ("whole", body, behind)


@given(soup, places)
def test_a_cut_never_changes_the_verdict(wire, where):
    """Whatever the bytes, whole or cut they are refused, ended or unended alike."""
    whole, cut_up = fate(CHUNKED, [wire] if wire else []), fate(CHUNKED, cut(wire, where))

    assert whole[0] == cut_up[0]
    if whole[0] == "whole":
        assert whole == cut_up


# A slow twin of the chunk reader: RFC 9112's grammar as one regular expression for each element.
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n", re.DOTALL)
_TRAILERS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n")


def twin(wire: bytes) -> bytes | None:
    """Return the payload of a whole chunked body at the start of `wire`; None if there is none."""
    payload = b""
    at = 0
    while line := _CHUNK.match(wire, at):
        size = int(line[1], 16)
        at = line.end()
        if not size:
            return payload if _TRAILERS.match(wire, at) else None
        payload += wire[at : at + size]
        if wire[at + size : at + size + 2] != b"\r\n":
            return None
        at += size + 2
    return None


@given(soup)
def test_the_reader_agrees_with_its_slow_twin(wire):
    """A body is whole to the one exactly if it is whole to the other."""
    ended, payload, _ = fate(CHUNKED, [wire] if wire else [])
    expected = twin(wire)

    assert (ended == "whole") == (expected is not None)
    if expected is not None:
        assert payload == expected


_HEAD = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~\x80-\xff]+ HTTP/1\.[01]\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n"
)
lines = st.lists(
    st.sampled_from(
        [
            b"Host: a\r\n",
            b"Content-Length: 3\r\n",
            b"Content-Length: 03\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding:chunked \r\n",
            b"Transfer-Encoding: identity\r\n",
            b"Connection: x, close\r\n",
            b"X: y\r\n",
            b"X: y\n",
            b" z\r\n",
            b"X : y\r\n",
            b"X: \x00\r\n",
            b"X: a\rb\r\n",
            b"X\r\n",
            b"\r\n",
            b"X: \xe9\x80\r\n",
            b"X:\r\n",
        ]
    ),
    max_size=6,
)


@given(lines)
def test_a_head_that_is_read_is_one_that_the_grammar_allows(fields):
    """Whatever passes has one reading: RFC 9112's, and the head written in its place has it too."""
    raw = b"POST /x HTTP/1.1\r\n" + b"".join(fields) + b"\r\n\r\n"
    raw = raw[: raw.index(b"\r\n\r\n") + 4]
    reader = RequestReader()
    try:
        head = reader.read(raw)
    except HeadError:
        return

    again = reader.read(head.wire)

    assert _HEAD.fullmatch(raw)
    assert _HEAD.fullmatch(head.wire)
    assert (again.length, again.method, again.target, again.fields, again.wire) == (
        head.length,
        head.method,
        head.target,
        head.fields,
        head.wire,
    )
