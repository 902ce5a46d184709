"""Field lines: judged by the parser once, and remembered; what passes, and what is read."""

from __future__ import annotations

import httptools
import pytest

from shadowmon.proxy import fields
from shadowmon.proxy.fields import FieldReader, HeadError


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


def a_reader() -> FieldReader:
    """Return one that remembers nothing yet."""
    return FieldReader(
        httptools.HttpRequestParser,
        b"POST / HTTP/1.1\r\n",
        read={b"host"},
        hop_by_hop={b"connection"},
        ever_new={b"content-length"},
    )


@pytest.fixture
def reader():
    return a_reader()


def read(reader: FieldReader, block: bytes) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Return what passes of a block of lines, and what is found in it."""
    lines = block.split(b"\r\n") if block else []
    found = reader.read(lines)
    return lines, found


def test_what_passes_and_what_is_read(reader):
    """Names, values and order pass as they came; a hop-by-hop field is read and ends here."""
    passing, found = read(
        reader, b"HOST:  a \r\nX-A:1\r\nConnection: close\r\nx-a: \xe9\r\nX-Empty:"
    )

    assert passing == [b"HOST: a ", b"X-A: 1", b"x-a: \xe9", b"X-Empty: "]
    assert found == {b"host": b"a", b"connection": b"close"}


def test_twice_the_same_head_reads_the_same(reader):
    """What is remembered of a line is what the parser said of it."""
    block = b"Host: a\r\nContent-Length: 5\r\nX:y\r\nConnection: x\r\nX: y\r\nX:y"

    assert read(reader, block) == read(reader, block)


def test_a_field_given_twice_is_joined(reader):
    """So that one which must not be given twice fails its own check; both new, or both known."""
    for _ in range(2):
        _, found = read(reader, b"Host: a\r\nContent-Length: 5\r\nHost: a\r\ncontent-length: 5")
        assert found == {b"host": b"a, a", b"content-length": b"5, 5"}


def test_a_field_that_is_given_twice_ends_here_twice(reader):
    """Whether or not its lines are the same."""
    passing, found = read(reader, b"Connection: a\r\nX: y\r\nConnection: a\r\nconnection: b")

    assert passing == [b"X: y"]
    assert found == {b"connection": b"a, a, b"}


@pytest.mark.parametrize("line", BAD)
@pytest.mark.parametrize("known", [False, True], ids=["all new", "beside known lines"])
def test_a_malformed_line_is_refused_every_time(reader, line, known):
    """It is never remembered, and it is judged on its own, whatever stands before it."""
    if known:
        read(reader, b"Host: a\r\nX: y")

    for _ in range(2):
        with pytest.raises(HeadError):
            read(reader, b"Host: a\r\nX: y\r\n" + line + b"\r\nZ: z")


def test_no_fields_at_all(reader):
    """An empty block has no lines."""
    assert read(reader, b"") == ([], {})


def test_memory_is_bounded_and_right(monkeypatch):
    """Ever new lines push the old ones out; what comes back later is judged anew, the same."""
    monkeypatch.setattr(fields, "_REMEMBERED", 10)
    reader = a_reader()
    first = read(reader, b"Host: a\r\nX-0: 0")

    for number in range(1000):
        block = b"Host: a\r\nX-%d: %d" % (number, number)
        assert read(reader, block)[0] == block.split(b"\r\n")

    assert len(reader._known) <= 10
    assert len(reader._known._elder) <= 10
    assert read(reader, b"Host: a\r\nX-0: 0") == first


def test_long_lines_are_not_remembered(reader):
    """A user cannot fill the memory with a few heads."""
    read(reader, b"X: " + b"y" * 10_000)

    assert not reader._known


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"content-length: 17"])
def test_lines_that_are_ever_new_are_not_remembered(reader, line):
    """They would only push out those that come again."""
    assert read(reader, line)[0] == [line]

    assert not reader._known
