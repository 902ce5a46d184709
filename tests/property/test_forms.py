"""A reader that knows a head's form reads it as one does that never saw such a head."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.proxy import forms
from shadowmon.proxy.fields import HeadError
from shadowmon.proxy.request_head import RequestReader


WANTED = [b"x-request-id", b"x-user", b"traceparent"]
FIRST = st.sampled_from([b"GET / HTTP/1.1", b"POST /a HTTP/1.0", b"GET http://a/b HTTP/1.1", b"x"])
NAMES = st.sampled_from(
    [
        b"Host",
        b"X-Request-Id",
        b"x-request-id",
        b"X-REQUEST-ID",
        b"X-User",
        b"Traceparent",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"Expect",
        b"Upgrade",
        b"X-A",
    ]
)
BETWEEN = st.sampled_from([b": ", b": ", b": ", b":", b":  ", b" : ", b":\r ", b":\n "])
VALUES = st.sampled_from(
    [
        b"",
        b"a",
        b"b",
        b"a b",
        b"a ",
        b"5",
        b"007",
        b"5, 5",
        b"chunked",
        b"x-user",
        b"close",
        b"websocket",
        b"100-continue",
        b"\xe9",
        b"a\r",
        b"a\nX-User: b",
    ]
)
LINES = st.builds(lambda *parts: b"".join(parts), NAMES, BETWEEN, VALUES)
HEADS = st.builds(
    lambda first, lines: b"\r\n".join([first, b"Host: a", *lines, b"\r\n"]),
    FIRST,
    st.lists(LINES, max_size=4),
)


BODY = b"a body\r\n\r\nX-User: b\r\n\r\n"


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """A form has its own pattern at once."""
    monkeypatch.setattr(forms, "OFTEN", 1)


def said(reader: RequestReader, head: bytes):
    """
    Return what a reader says of a head, or with which status it refuses it.

    Where the head's form is known by then, it has said the same without knowing where it ends.
    """
    try:
        read = reader.read(head)
    except HeadError as error:
        return error.status
    if read.form is not None:
        assert read.form.read(head + BODY) == (read, len(head))
    return msgspec.structs.replace(read, form=None)


def said_ahead(reader: RequestReader, other: bytes, head: bytes):
    """Return what is said of a head in the form of another, if anything is."""
    try:
        form = reader.read(other).form
    except HeadError:
        return None
    read = None if form is None else form.read(head + BODY)
    return None if read is None else (msgspec.structs.replace(read[0], form=None), read[1])


@given(st.lists(HEADS, min_size=2, max_size=12))
def test_what_came_before_changes_nothing(heads):
    """Whatever was read, and in whatever order."""
    reader = RequestReader(WANTED)

    for head in [*heads, *heads]:
        assert said(reader, head) == said(RequestReader(WANTED), head)


@given(heads=st.lists(HEADS, min_size=2, max_size=6))
def test_what_is_read_ahead_is_what_would_be_read(heads):
    """A connection's next head, taken for the form of the last one, is it or is read anew."""
    reader = RequestReader(WANTED)
    for head in heads:
        said(reader, head)

    for other, head in itertools.product(heads, heads):
        ahead = said_ahead(reader, other, head)
        assert ahead in (None, (said(RequestReader(WANTED), head), len(head)))


@given(
    lines=st.lists(LINES, max_size=3),
    values=st.lists(
        st.sampled_from([b"a", b"5", b"17", b"+5", b"5,5", b"!~"]), min_size=8, max_size=8
    ),
)
def test_a_form_is_filled_in_with_what_came(lines, values):
    """Heads that differ in their values only: often of one form."""
    reader = RequestReader(WANTED)

    for one, other in zip(values[::2], values[1::2], strict=True):
        head = b"\r\n".join(
            [
                b"POST / HTTP/1.1",
                b"Host: a",
                b"X-User: " + one,
                *lines,
                b"Content-Length: " + other,
                b"\r\n",
            ]
        )
        assert said(reader, head) == said(RequestReader(WANTED), head)
