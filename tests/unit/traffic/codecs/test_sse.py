"""Server-sent events; the examples are those of the WHATWG standard, section 9.2.6."""

from __future__ import annotations

import pytest

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs.sse import Event, EventReader, is_stream, read_events


def data_of(body: bytes) -> list[str]:
    return [event.data for event in read_events(body)]


def test_data_of_several_lines_is_one_event() -> None:
    """Several data lines are one event, joined by line feeds."""
    assert data_of(b"data: YHOO\ndata: +2\ndata: 10\n\n") == ["YHOO\n+2\n10"]


def test_comments_and_ids() -> None:
    """Comments are passed over; an id stays until another one is given, also an empty one."""
    body = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n\n"

    assert read_events(body) == [
        Event(data="first event", last_id="1"),
        Event(data="second event"),
        Event(data=" third"),
    ]


def test_empty_data_is_an_event() -> None:
    """A data line without a value makes an event with empty data; what has no end makes none."""
    assert data_of(b"data\n\ndata\ndata\n\ndata:") == ["", "\n"]


def test_space_after_the_colon_is_optional() -> None:
    """One space after the colon is no part of the value."""
    assert data_of(b"data:test\n\ndata: test\n\n") == ["test", "test"]


def test_name_of_an_event() -> None:
    """An event has the name that was given for it, and the next one has not."""
    events = read_events(b"event: error\ndata: 1\n\ndata: 2\n\n")

    assert [event.name for event in events] == ["error", "message"]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_ends_of_line(end: bytes) -> None:
    """LF, CR and CRLF end a line."""
    assert data_of(end.join([b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])) == ["1\n2", "3"]


def test_other_line_breaks_are_text() -> None:
    """What only Unicode calls a line break is text."""
    text = "a\u2028b\x0bc\x85d"

    assert data_of(f"data: {text}\n\n".encode()) == [text]


def test_byte_order_mark() -> None:
    """One byte order mark at the start is passed over; a second one is text."""
    assert data_of(b"\xef\xbb\xbfdata: 1\n\n") == ["1"]
    assert data_of(b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\n") == []


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    """Bytes that are not UTF-8 are replaced, as the standard's decoder does."""
    assert data_of(b"data: \xff\n\n") == ["\ufffd"]


@pytest.mark.parametrize(
    "body", [b"data: 123456789", b"data: 12345\ndata: 12345\n\n", b"x" * 40 + b"\n"]
)
def test_long_lines_and_events_are_refused(body: bytes) -> None:
    """A line without an end, and an event of many lines, are refused at the limit."""
    with pytest.raises(CodecError, match="longer than 11 bytes"):
        EventReader(line_max=11).feed(body)


def test_retry_and_unknown_fields_say_nothing() -> None:
    """Fields that we have no use for change nothing."""
    assert data_of(b"retry: 5\nfoo: bar\ndata: 1\n\n") == ["1"]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/event-stream; charset=utf-8", b"data: {}", True),
        ("application/json", b"data: {}", True),
        ("Text/Event-Stream", b"", True),
        ("text/event-stream", b' {"error": 1}', False),
        ("application/json", b"", False),
    ],
)
def test_stream_is_told_by_its_bytes_first(content_type: str, body: bytes, expected: bool) -> None:
    """Bytes that are clear outrank the content type."""
    assert is_stream((("content-type", content_type),), body) is expected
