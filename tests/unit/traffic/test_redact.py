"""Secrets are taken out before anything is kept or shown."""

from __future__ import annotations

import gzip
import json

from dataclasses import replace
from typing import Any

import pytest

from shadowmon.records import Ending, Exchange, ExchangeId, Headers, ModelName, Served
from shadowmon.traffic.redact import DROPPED, MARK, Redaction
from shadowmon.traffic.settings import Privacy, RedactionSettings
from tests.factories import an_exchange


CANARY = "canary-7f3a"
KEYS = Redaction(RedactionSettings(patterns=(r"canary-\w+",)))
FIELDS = Redaction(RedactionSettings(fields=("user.email", "messages[*].name")))
EVENTS: Headers = (("content-type", "text/event-stream"),)


def with_body(body: bytes, headers: Headers = ()) -> Exchange:
    return an_exchange(body, headers=headers)


def a_served(body: bytes = b"", headers: Headers = ()) -> Served:
    return Served(
        model=ModelName("base"),
        ending=Ending.COMPLETE,
        status=200,
        headers=headers,
        body=body,
        duration_seconds=0.1,
    )


def test_headers_lose_their_values() -> None:
    """Headers that carry credentials keep their names and lose their values, both ways."""
    exchange = an_exchange(
        headers=(("authorization", CANARY), ("accept", "*/*")),
        served=a_served(headers=(("set-cookie", CANARY),)),
        failed_first=a_served(headers=(("set-cookie", CANARY),)),
    )

    found = Redaction(RedactionSettings()).redact(exchange)

    assert CANARY not in repr(found)
    assert found.headers == (("authorization", MARK), ("accept", "*/*"))


def test_nothing_asked_nothing_changed() -> None:
    """Without fields and patterns every body stays as it is, byte for byte."""
    exchange = with_body(b"\xff{ not json", (("content-encoding", "br"),))

    assert Redaction(RedactionSettings(headers=())).redact(exchange) == exchange


def test_fields_are_replaced() -> None:
    """Fields are replaced in the request and in the answer, and their neighbours stay."""
    body = json.dumps(
        {"user": {"email": CANARY, "id": 1}, "messages": [{"name": CANARY, "content": "hi"}]}
    ).encode()

    found = FIELDS.redact(an_exchange(body, served=a_served(body)))

    assert json.loads(found.body) == {
        "user": {"email": MARK, "id": 1},
        "messages": [{"name": MARK, "content": "hi"}],
    }
    assert found.served is not None
    assert found.served.body == found.body


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "x canary-1 y"}',
        b'{"canary-1": 1}',
        b'[["canary-1"]]',
        b'"canary-1"',
        rb'{"a": "c\u0061nary-1"}',
        b"plain text with canary-1 in it",
        b'{"broken": "canary-1',
    ],
)
def test_patterns_reach_every_text(body: bytes) -> None:
    """What a pattern matches is gone, wherever and however it was written."""
    found = KEYS.redact(with_body(body)).body

    assert b"canary" not in found
    assert b"nary-1" not in found
    assert MARK.encode() in found


def test_pattern_over_a_key_and_its_value() -> None:
    """A pattern about raw JSON text works too."""
    redaction = Redaction(RedactionSettings(patterns=(r'"pin":"[^"]*"',)))

    assert b"1234" not in redaction.redact(with_body(b'{"pin": "1234"}')).body


def test_numbers_that_match() -> None:
    """A number whose digits match is replaced."""
    redaction = Redaction(RedactionSettings(patterns=(r"\b\d{9}\b",)))

    found = redaction.redact(with_body(b'{"a": 123456789, "b": 5}')).body

    assert json.loads(found) == {"a": MARK, "b": 5}


def test_coded_body_is_looked_into() -> None:
    """A compressed body is redacted, and no longer claims its coding."""
    body = gzip.compress(b'{"a": "canary-1", "b": 2}', mtime=0)

    found = KEYS.redact(with_body(body, (("content-encoding", "gzip"), ("content-length", "9"))))

    assert (json.loads(found.body), found.headers) == ({"a": MARK, "b": 2}, ())


@pytest.mark.parametrize(
    ("redaction", "body", "headers"),
    [
        (FIELDS, b"not json " + CANARY.encode(), ()),
        (FIELDS, b'{"user": {"email": "canary-1', ()),
        (FIELDS, b'{"user": 1, "user": {"email": "canary-1"}}', ()),
        (KEYS, b"\xff" + CANARY.encode(), ()),
        (KEYS, CANARY.encode(), (("content-encoding", "br"),)),
        (KEYS, gzip.compress(CANARY.encode(), mtime=0)[:-1], (("content-encoding", "gzip"),)),
        (KEYS, b"data: canary-1 {\n\n", EVENTS),
    ],
)
def test_what_cannot_be_looked_into_is_dropped(
    redaction: Redaction, body: bytes, headers: Headers
) -> None:
    """A body that cannot be looked into is dropped whole."""
    assert redaction.redact(with_body(body, headers)).body == DROPPED


def stream(*pieces: str) -> bytes:
    chunks = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    return b"".join(b"data: %s\n\n" % json.dumps(c).encode() for c in chunks) + b"data: [DONE]\n\n"


def test_stream_is_redacted_event_by_event() -> None:
    """Events lose what is to go, and the stream is still a stream."""
    found = KEYS.redact(with_body(stream("a ", CANARY, " b"), EVENTS)).body

    assert CANARY.encode() not in found
    assert found.count(b"data: ") == 4
    assert found.endswith(b"data: [DONE]\n\n")


def test_secret_that_is_cut_over_events() -> None:
    """A secret in several pieces cannot be cut out, so the stream is dropped."""
    assert KEYS.redact(with_body(stream("a can", "ary-7f", "3a"), EVENTS)).body == DROPPED


@pytest.mark.parametrize("target", ["/x?key=canary-1", "/x?key=c%61nary-1&y=2"])
def test_target(target: str) -> None:
    """A secret in the query is taken out, percent-encoded too."""
    found = KEYS.redact(an_exchange(target=target)).target

    assert "nary-1" not in found
    assert found.startswith("/x?key=[redacted]")


def test_text() -> None:
    """Any kept text can be redacted by itself."""
    assert KEYS.redact_text("a canary-1 b") == "a [redacted] b"


def test_everything_else_stays() -> None:
    """Redaction changes no other field of an exchange."""
    exchange = an_exchange(b'{"a":1}', served=a_served(b'{"b":2}'))

    assert KEYS.redact(exchange) == replace(exchange)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"patterns": ("a", "(")}, r"redaction\.patterns\[1\]: not a regular expression"),
        ({"patterns": ("x*",)}, r"redaction\.patterns\[0\]: it matches nothing at all"),
        ({"fields": ("a..b",)}, r"redaction\.fields\[0\]: "),
    ],
)
def test_bad_settings(settings: Any, problem: str) -> None:
    """What cannot be used is refused at the start, by its key."""
    with pytest.raises(ValueError, match=problem):
        Redaction(RedactionSettings(**settings))


SCORES_ONLY = Redaction(RedactionSettings(), privacy=Privacy.SCORES_ONLY)


def test_scores_only_leaves_no_text() -> None:
    """No body, no target, no text of either way is left; nothing need be asked for by name."""
    exchange = an_exchange(
        b"canary-1",
        id=ExchangeId("canary-0"),
        target="/canary-2",
        served=a_served(b"canary-3"),
        failed_first=a_served(b"canary-4"),
        headers=(("x-name", "canary-5"), ("authorization", "canary-6")),
    )

    assert "canary" not in repr(SCORES_ONLY.redact(exchange))
    assert SCORES_ONLY.redact_text("canary") == MARK


def test_what_an_exchange_may_be_called() -> None:
    """Its id, redacted, where text may be kept; else a hash that is the same each time."""
    known = SCORES_ONLY.known_as(ExchangeId("canary-1"))

    assert KEYS.known_as(ExchangeId("x-1")) == "x-1"
    assert KEYS.known_as(ExchangeId("canary-1")) == MARK
    assert known == SCORES_ONLY.known_as(ExchangeId("canary-1"))
    assert len(known) == 16
    assert "canary" not in known


def test_what_others_answered_is_redacted_too() -> None:
    """Answers that came along lose their secrets like the served one."""
    headers = (("set-cookie", CANARY),)
    exchange = an_exchange(also=(a_served(b'{"a": "%b"}' % CANARY.encode(), headers),))

    found = KEYS.redact(exchange)

    assert CANARY not in repr(found)
    assert len(found.also) == 1
