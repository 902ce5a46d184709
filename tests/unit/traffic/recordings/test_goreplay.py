"""GoReplay's files, written by the description of their format, with its traps."""

from __future__ import annotations

import gzip
import json

import pytest

from shadowmon.traffic.recordings.goreplay import NO_META, GoReplay, is_record
from shadowmon.traffic.recordings.recording import Kind, Part, RecordingError, Unusable
from tests.traffic_files import (
    BEGUN,
    SECOND,
    SEPARATOR,
    asking,
    chunked,
    gor,
    http_request,
    http_response,
    saying,
)


NAME = "932079936fa4306fc308d67588178d17d823647c"


def parts(data, *, size=1 << 20):
    """Index a file that comes in pieces of this size."""
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    return list(GoReplay().parts(chunks, name="x"))


def read(*records):
    """Read the request of these records."""
    data = b"".join(records)
    pieces = {part.kinds[0]: data[part.offset : part.offset + part.length] for part in parts(data)}
    return GoReplay().read(pieces)


def test_an_exchange():
    """A request and production's response are what they were, and so is the time it took."""
    found = read(
        gor(1, NAME, http_request(asking("a"), "X-User: ann")),
        gor(2, NAME, http_response(saying("b")), at=0.5, latency=0.25),
    )

    assert (found.method, found.target) == ("POST", "/v1/chat/completions")
    assert json.loads(found.body) == asking("a")
    assert ("x-user", "ann") in found.headers
    assert found.baseline is not None
    assert json.loads(found.baseline.body) == saying("b")
    assert (found.baseline.seconds, found.baseline.first_byte_seconds) == (0.75, 0.5)
    assert found.optimized is None


def test_a_ready_pair():
    """A replayed response is the optimized model's answer; its latency is the whole time."""
    found = read(
        gor(1, NAME, http_request()),
        gor(2, NAME, http_response(), at=0.5),
        gor(3, NAME, http_response(saying("other")), at=9000.0, latency=0.25),
    )

    assert found.optimized is not None
    assert json.loads(found.optimized.body) == saying("other")
    assert found.optimized.seconds == 0.25


def test_where_records_lie():
    """Each record is told with its kind, number, place and, of a request, its moment."""
    first, second = gor(2, "b", http_response()), gor(1, "a", http_request(), at=2.0)

    found = parts(first + second)

    assert [(each.kinds, each.key, each.number) for each in found] == [
        ((Kind.BASELINE,), "b", 1),
        ((Kind.REQUEST,), "a", 2),
    ]
    assert [each.at for each in found] == [None, BEGUN / SECOND + 2.0]
    assert (found[1].offset, found[1].length) == (len(first), len(second) - len(SEPARATOR))


@pytest.mark.parametrize("size", [1, 2, 13, 14, 15, 500])
def test_however_it_is_cut(size):
    """The pieces in which a file comes do not matter."""
    data = gor(1, "a", http_request()) + gor(2, "a", http_response()) + gor(1, "b", b"")

    assert parts(data, size=size) == parts(data)


def test_older_files():
    """Without a latency a response's timing may be the time that it took, in nanoseconds."""
    asked = gor(1, NAME, http_request(), latency=None)
    answer = b"2 %b 1231000000\n" % NAME.encode() + http_response() + SEPARATOR
    replayed = b"3 %b 231000000\n" % NAME.encode() + http_response() + SEPARATOR

    found = read(asked, answer, replayed)

    assert found.baseline is not None
    assert found.optimized is not None
    assert (found.baseline.seconds, found.optimized.seconds) == (1.231, 0.231)


def test_an_answer_before_its_request():
    """Clocks that disagree give no time, rather than a negative one."""
    found = read(gor(2, "a", http_response(), at=-1.0), gor(1, "a", http_request()))

    assert found.baseline is not None
    assert found.baseline.seconds is None


@pytest.mark.parametrize("end", [b"", SEPARATOR[:1], SEPARATOR[:5], SEPARATOR[:-1]])
def test_no_separator_at_the_end(end):
    """The last record counts though nothing, or half a separator, comes after it."""
    data = gor(1, "a", http_request()).removesuffix(SEPARATOR) + end

    (part,) = parts(data)

    assert isinstance(part, Part)
    piece = {Kind.REQUEST: data[part.offset : part.offset + part.length]}
    assert json.loads(GoReplay().read(piece).body) == asking()


def test_a_last_record_that_is_cut():
    """A record that was cut in its body, or its head, is refused with the reason."""
    whole = gor(1, "a", http_request()).removesuffix(SEPARATOR)

    with pytest.raises(RecordingError, match="its body is cut: shorter than its content-length"):
        GoReplay().read({Kind.REQUEST: whole[:-3]})
    with pytest.raises(RecordingError, match="its head is cut"):
        GoReplay().read({Kind.REQUEST: whole[:70]})


@pytest.mark.parametrize(
    "record",
    [b"", b"1 a", b"1 a\n", b"4 a 1 2\nx", b"1 a soon\nx", b"GET / HTTP/1.1\r\n\r\n", b"1  1 2\n"],
)
def test_a_first_line_that_is_none(record):
    """A record without GoReplay's first line is refused, and the next one is read."""
    bad, good = parts(record + SEPARATOR + gor(1, "b", http_request()))

    assert bad == Unusable(number=1, problem=NO_META)
    assert isinstance(good, Part)


def test_an_unknown_field():
    """More fields than are known do no harm."""
    (part,) = parts(b"1 a %d 5 more\n" % BEGUN + http_request() + SEPARATOR)

    assert isinstance(part, Part)


def test_a_body_with_a_separator():
    """A body that holds the separator cannot be told from two records: both are refused."""
    text = b"a" + SEPARATOR + b"b"
    first, second = parts(gor(1, "a", http_request() + text))

    assert isinstance(first, Part)
    assert second == Unusable(number=2, problem=NO_META)


def test_chunked_and_compressed():
    """Chunks are taken off, trailers and extensions with them; the coding stays for the codec."""
    body = gzip.compress(json.dumps(saying()).encode())
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    wire = chunked(body).replace(b"\r\n", b";name=value\r\n", 1)[:-2] + b"X-Sum: 1\r\n\r\n"

    found = read(gor(1, "a", http_request()), gor(2, "a", head + wire))

    assert found.baseline is not None
    assert found.baseline.body == body
    assert ("content-encoding", "gzip") in found.baseline.headers


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "cut, or not chunked"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello", "cut, or not chunked"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", "transfer coding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "no length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", "no length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nabc", "no length"),
        (b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n", "no header"),
        (b"SSH-2.0\r\n\r\n", "no HTTP/1 response's"),
    ],
)
def test_answers_that_cannot_be_used(answer, problem):
    """An answer that is broken is no answer, and nobody is asked in its place."""
    with pytest.raises(RecordingError, match=f"the answer that was recorded .*{problem}"):
        read(gor(1, "a", http_request()), gor(2, "a", answer))


def test_a_request_of_http_2():
    """What is no HTTP/1 message is refused."""
    with pytest.raises(RecordingError, match="no HTTP/1 request's"):
        read(gor(1, "a", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))


def test_informational_answers():
    """100 Continue and the like come before the answer, and are none."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"

    found = read(gor(1, "a", http_request()), gor(2, "a", early + http_response()))

    assert found.baseline is not None
    assert found.baseline.status == 200


def test_an_answer_until_the_end():
    """Without a length an answer goes on to its end; one longer than its length does not."""
    free = b"HTTP/1.0 200 OK\r\n\r\nall of it"
    long = b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabcdef"

    found = read(gor(1, "a", http_request()), gor(2, "a", free), gor(3, "a", long))

    assert found.baseline is not None
    assert found.optimized is not None
    assert (found.baseline.body, found.optimized.body) == (b"all of it", b"abc")


def test_a_header_over_two_lines():
    """A folded header is one header."""
    found = read(gor(1, "a", b"GET / HTTP/1.1\r\nX-A: one\r\n  two\r\n\r\n"))

    assert found.headers == (("x-a", "one two"),)
    assert found.body == b""


@pytest.mark.parametrize(("status", "method"), [("204 No Content", "POST"), ("200 OK", "HEAD")])
def test_answers_without_a_body(status, method):
    """What has no body by its status, or its request, has none, whatever its length says."""
    asked = http_request().replace(b"POST", method.encode(), 1)
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n".encode()

    found = read(gor(1, "a", asked), gor(2, "a", answer))

    assert found.baseline is not None
    assert found.baseline.body == b""


def test_a_huge_record(monkeypatch):
    """A record that is too large is refused, and never held."""
    monkeypatch.setattr("shadowmon.traffic.recordings.goreplay.RECORD_MAX", 1000)

    found = parts(gor(1, "a", b"x" * 5000) + gor(1, "b", b"x"), size=100)

    assert isinstance(found[0], Unusable)
    assert found[0].problem.startswith("a record is larger than")
    assert isinstance(found[1], Part)


def test_what_a_file_looks_like():
    """A file is GoReplay's if its first line is."""
    assert is_record(gor(1, NAME, http_request())[:100])
    assert not is_record(b'{"id": 1}\n')
    assert not is_record(b"")
