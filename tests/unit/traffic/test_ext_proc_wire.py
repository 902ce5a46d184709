"""Envoy's messages, read by hand."""

from __future__ import annotations

import pytest

from shadowmon.errors import CodecError
from shadowmon.traffic.ext_proc_wire import Kind, Message, decode
from tests import envoys_words as words


def test_a_requests_head():
    """Its fields in their order, those of HTTP/2 among them."""
    found = decode(words.headers(2, [(":method", "GET"), ("a", "1"), ("a", "2")], is_last=True))

    assert found == Message(
        kind=Kind.REQUEST_HEADERS,
        fields=((b":method", b"GET"), (b"a", b"1"), (b"a", b"2")),
        is_last=True,
        is_observing=True,
    )


def test_bytes_that_were_written_by_hand():
    """An answer's piece of three bytes, the last one, as protobuf's documentation says."""
    found = decode(b"\x2a\x07\x0a\x03a\x00b\x10\x01")

    assert found == Message(kind=Kind.RESPONSE_BODY, body=b"a\x00b", is_last=True)


def test_an_empty_message_is_an_empty_piece():
    """Protobuf does not write what is empty."""
    assert decode(b"\x22\x00") == Message(kind=Kind.REQUEST_BODY)


def test_a_value_of_an_older_envoy():
    """Before raw_value there was value."""
    header = words.spanned(1, b"a") + words.spanned(2, b"old")
    found = decode(words.spanned(3, words.spanned(1, words.spanned(1, header))))

    assert found.fields == ((b"a", b"old"),)


@pytest.mark.parametrize("kind", [6, 7])
def test_trailers_are_the_last(kind):
    """Whatever they hold."""
    assert decode(words.trailers(kind)) == Message(kind=Kind(kind), is_last=True, is_observing=True)


def test_what_is_not_known_is_skipped():
    """Fields of newer Envoys, of every wire type, on every level."""
    unknown = (
        words.spanned(99, b"?") + b"\xf8\x07\x05" + b"\xf9\x07" + bytes(8) + b"\xfd\x07" + bytes(4)
    )
    content = unknown + words.spanned(1, b"text") + words.flag(3, is_set=True)
    found = decode(unknown + words.spanned(5, content) + unknown)

    assert found == Message(kind=Kind.RESPONSE_BODY, body=b"text")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "neither of a request nor of a response"),
        (b"\x50\x01", "neither of a request nor of a response"),
        (b"\x2a\x07\x0a", "middle of a field"),
        (b"\x2a", "middle of a number"),
        (b"\x80" * 11, "more than ten bytes"),
        (b"\x0b", "wire type 3"),
        (b"\x09\x00", "middle of a field"),
    ],
)
def test_what_is_no_message_is_told(data, problem):
    """By what is wrong with it, and nothing of it is quoted."""
    with pytest.raises(CodecError, match=problem):
        decode(data)
