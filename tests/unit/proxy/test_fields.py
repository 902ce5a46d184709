"""Field lines: judged by the parser once, and remembered; what passes, and what is read."""

from __future__ import annotations

import httptools
import pytest

from shadowmon.proxy import fields
from shadowmon.proxy.fields import FieldReader, HeadError, parted


BAD = [
    b" folded",
    b"\tfolded",
    b"no colon",
    b": no name",
    b"na me: v",
    b"name : v",
    b"name: a\rb",
    b"name: a\nb",
    b"name: a\x00b",
    b"n\xe9me: v",
    b"",
]


@pytest.fixture
def reader():
    return FieldReader(
        httptools.HttpRequestParser,
        b"POST / HTTP/1.1\r\n",
        read={b"host", b"content-length"},
        hop_by_hop={b"connection"},
    )


def test_what_passes_and_what_is_read(reader):
    """Names, values and order pass as they came; a hop-by-hop field is read and ends here."""
    lines = reader.read(b"HOST:  a \r\nX-A:1\r\nConnection: close\r\nx-a: \xe9\r\nX-Empty:")

    passing, found = parted(lines)

    assert passing == [b"HOST: a ", b"X-A: 1", b"x-a: \xe9", b"X-Empty: "]
    assert found == {b"host": b"a", b"connection": b"close"}


def test_twice_the_same_head_reads_the_same(reader):
    """What is remembered of a line is what the parser said of it."""
    block = b"Host: a\r\nContent-Length: 5\r\nX: y\r\nX: y"

    assert reader.read(block) == reader.read(block)


def test_a_field_given_twice_is_joined(reader):
    """So that one which must not be given twice fails its own check; both new, or both known."""
    for _ in range(2):
        _, found = parted(reader.read(b"Host: a\r\nHost: a"))
        assert found[b"host"] == b"a, a"


@pytest.mark.parametrize("line", BAD)
@pytest.mark.parametrize("known", [False, True], ids=["all new", "beside known lines"])
def test_a_malformed_line_is_refused_every_time(reader, line, known):
    """It is never remembered, and it is judged on its own, whatever stands before it."""
    if known:
        reader.read(b"Host: a\r\nX: y")

    for _ in range(2):
        with pytest.raises(HeadError):
            reader.read(b"Host: a\r\nX: y\r\n" + line + b"\r\nZ: z")


def test_no_fields_at_all(reader):
    """An empty block has no lines."""
    assert reader.read(b"") == []


def test_memory_is_bounded_and_right(reader, monkeypatch):
    """Ever new lines push the old ones out; what comes back later is judged anew, the same."""
    monkeypatch.setattr(fields, "_REMEMBERED", 10)
    first = reader.read(b"Host: a\r\nX-0: 0")

    for number in range(1000):
        block = b"Host: a\r\nX-%d: %d" % (number, number)
        assert [line.wire for line in reader.read(block)] == block.split(b"\r\n")
    held = len(reader._known) + len(reader._known_before)

    assert held <= 2 * (10 + 2)
    assert reader.read(b"Host: a\r\nX-0: 0") == first


def test_long_lines_are_not_remembered(reader):
    """A user cannot fill the memory with a few heads."""
    reader.read(b"X: " + b"y" * 10_000)

    assert not reader._known
