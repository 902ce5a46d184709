"""Answers' heads: what is read, what is written in their place, what is refused."""

from __future__ import annotations

import pytest

from shadowmon.proxy.answer_head import (
    CONTINUE,
    FINAL,
    SWITCHING,
    answer_wire,
    informational_wire,
    read_answer,
    switching_wire,
)
from shadowmon.proxy.fields import HeadError
from shadowmon.proxy.framing import CHUNKED, UNTIL_CLOSE


def an_answer(*lines: bytes, first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """Return a head with these field lines."""
    return b"\r\n".join([first, *lines, b"\r\n"])


@pytest.mark.parametrize(
    ("raw", "to_head", "length"),
    [
        (an_answer(b"Content-Length: 5"), False, 5),
        (an_answer(b"Content-Length: 5"), True, 0),
        (an_answer(b"Transfer-Encoding: chunked"), False, CHUNKED),
        (an_answer(), False, UNTIL_CLOSE),
        (an_answer(), True, 0),
        (an_answer(b"Content-Length: 5", first=b"HTTP/1.1 304 Not Modified"), False, 0),
        (an_answer(first=b"HTTP/1.1 204 No Content"), False, 0),
        (an_answer(first=b"HTTP/1.1 103 Early Hints"), False, 0),
    ],
)
def test_an_answers_length(raw, to_head, length):
    """RFC 9112, section 6.3, rule by rule."""
    assert read_answer(raw, to_head=to_head).length == length


@pytest.mark.parametrize(
    ("first", "line", "reusable"),
    [
        (b"HTTP/1.1 200 OK", b"X: y", True),
        (b"HTTP/1.1 200 OK", b"Connection: close", False),
        (b"HTTP/1.0 200 OK", b"X: y", False),
        (b"HTTP/1.0 200 OK", b"Connection: keep-alive", True),
    ],
)
def test_when_an_upstream_connection_may_be_used_again(first, line, reusable):
    """As the model server says."""
    raw = an_answer(line, b"Content-Length: 0", first=first)

    assert read_answer(raw, to_head=False).reusable is reusable


def test_an_answers_head_is_written_for_its_user():
    """Chunked is said to whom it may be said, and how the connection goes on."""
    head = read_answer(
        an_answer(b"A: b", b"Connection: x, keep-alive", b"X: y", b"Transfer-Encoding: chunked"),
        to_head=False,
    )

    assert answer_wire(head, old=False, close=False) == an_answer(
        b"A: b", b"transfer-encoding: chunked"
    )
    assert answer_wire(head, old=True, close=True) == an_answer(b"A: b", b"connection: close")
    assert answer_wire(head, old=True, close=False) == an_answer(b"A: b", b"connection: keep-alive")


def test_a_204_is_sent_without_a_length():
    """It must not have one (RFC 9110, section 8.6)."""
    raw = an_answer(b"Content-Length: 0", first=b"HTTP/1.1 204 No Content")

    head = read_answer(raw, to_head=False)

    assert answer_wire(head, old=False, close=False) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_heads_before_the_answer():
    """103 is passed on, 100 was asked for here, 101 is no answer but a change of protocol."""
    early = read_answer(an_answer(b"Link: x", first=b"HTTP/1.1 103 Early Hints"), to_head=False)
    hundred = read_answer(an_answer(first=b"HTTP/1.1 100 Continue"), to_head=False)
    switch = read_answer(
        an_answer(b"Connection: upgrade", b"Upgrade: x", b"A: b", first=b"HTTP/1.1 101 Go"),
        to_head=False,
    )

    assert early.status < FINAL
    assert informational_wire(early) == b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    assert hundred.status == CONTINUE
    assert switch.status == SWITCHING
    assert switching_wire(switch, b"x") == an_answer(
        b"A: b", b"connection: upgrade", b"upgrade: x", first=b"HTTP/1.1 101 Go"
    )


def test_an_answer_that_is_no_http_is_a_502():
    """Whatever is wrong with a model server's head, the user is told it was the model server."""
    with pytest.raises(HeadError, match="status line is malformed") as caught:
        read_answer(b"SSH-2.0-x\r\n\r\n", to_head=False)

    assert caught.value.status == 502
