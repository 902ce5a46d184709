"""What must hold of codecs and redaction for all bytes."""

from __future__ import annotations

import json

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.codecs.content_coding import plain
from shadowmon.traffic.codecs.open_inference import OpenInference
from shadowmon.traffic.codecs.openai import OpenAI
from shadowmon.traffic.codecs.plain_json import PlainJson
from shadowmon.traffic.codecs.sse import EventReader, read_events
from shadowmon.traffic.redact import Redaction
from shadowmon.traffic.settings import RedactionSettings
from tests.exchanges import recorded
from tests.factories import an_exchange


CODECS = (OpenAI({}), OpenInference({}), PlainJson({"probabilities": "outputs"}))
CANARY = "canary7f3a"
REDACTION = Redaction(RedactionSettings(patterns=(CANARY,), fields=("user.email",)))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)
objects = st.dictionaries(texts, values, max_size=5)
lines = st.sampled_from(
    [
        b"data: a",
        b"data:\xf0\x9f\x98\x80 \xc3\xa4",
        b"data",
        b": c",
        b"event: e",
        b"id: 1",
        b"",
        b"",
    ]
)
ends = st.sampled_from([b"\n", b"\r", b"\r\n"])
streams = st.lists(st.tuples(lines, ends), max_size=12).map(
    lambda found: b"".join(map(b"".join, found))
)


@st.composite
def cut(draw: st.DrawFn, whole: bytes) -> list[bytes]:
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


@given(st.data(), streams)
def test_cuts_change_no_event(data: st.DataObject, body: bytes) -> None:
    """However a stream's bytes are cut, inside a character or a CRLF too, its events stay."""
    reader = EventReader()

    found = [event for piece in data.draw(cut(body)) for event in reader.feed(piece)]

    assert found == read_events(body)


def test_byte_by_byte() -> None:
    """A real stream that comes byte by byte has the same events."""
    body = recorded()["openai_openai_moderation_stream_0"].body
    reader = EventReader()

    found = [event for at in range(len(body)) for event in reader.feed(body[at : at + 1])]

    assert found == read_events(body)
    assert len(found) == 7


@given(objects, st.none() | texts, objects)
def test_rewrite_sets_and_keeps(body: dict[str, Any], model: str | None, parameters: Any) -> None:
    """A rewritten request says what was asked, in the order it had, and keeps all else."""
    written = json.dumps(body).encode()
    named = {} if model is None else {"model": model}

    for codec, expected in (
        (CODECS[0], {**body, **named, **parameters}),
        (CODECS[1], {**body, **parameters}),
        (CODECS[2], {**body, **named, **parameters}),
    ):
        changed = codec.rewrite(written, model=model, parameters=parameters)
        assert json.loads(changed) == expected
        assert list(json.loads(changed)) == list(expected)


@given(values)
def test_strict_reader_agrees_with_the_usual_one(value: Any) -> None:
    """On what is proper JSON the strict reader reads what everyone reads."""
    body = json.dumps(value, ensure_ascii=False).encode()

    assert strict_json.loads_verbatim(body) == json.loads(body)
    assert strict_json.loads_verbatim(strict_json.dumps(value)) == json.loads(body)


wild = st.binary(max_size=60) | values.map(lambda v: json.dumps(v).encode())
shaped = st.fixed_dictionaries(
    {},
    optional={
        "choices": values | st.lists(st.fixed_dictionaries({}, optional={
            "index": values, "message": values, "delta": values, "text": values,
            "finish_reason": values}), max_size=2),
        "outputs": values | st.lists(st.fixed_dictionaries({
            "name": texts, "datatype": st.just("FP32"),
            "shape": st.lists(st.integers(0, 3), max_size=3),
            "data": st.lists(values, max_size=4)}), max_size=2),
        "error": values, "usage": values, "model": values, "inputs": values, "messages": values,
        "prompt": values, "tools": values,
    },
).map(lambda v: json.dumps(v).encode())  # fmt: skip
codings: st.SearchStrategy[Headers] = st.sampled_from(
    [(), (("content-encoding", "gzip"),), (("content-encoding", "deflate"),)]
)


@given(wild | shaped, codings)
def test_codecs_read_or_refuse(body: bytes, headers: Headers) -> None:
    """Whatever the bytes, every codec reads them or raises CodecError."""
    request = an_exchange(body, target="/v2/models/m/infer", headers=headers)
    for codec in CODECS:
        for answer in (body, b"data: " + body + b"\n\n"):
            with suppress(CodecError):
                codec.read_answer(status=200, headers=headers, body=answer)
        for target in ("/v2/models/m/infer", "/v1/chat/completions"):
            with suppress(CodecError):
                codec.read_request(an_exchange(body, target=target, headers=headers))
        with suppress(CodecError):
            codec.rewrite(request.body, model="m", parameters={"a": 1})


@given(st.binary(max_size=200), codings, st.integers(0, 100))
def test_decoded_is_never_larger_than_the_cap(body: bytes, headers: Headers, cap: int) -> None:
    """Nothing larger than the cap ever comes out of a coding."""
    with suppress(CodecError):
        assert headers == () or len(plain(headers, body, decoded_max=cap)) <= cap


@given(st.data(), wild, codings)
def test_planted_secrets_never_come_through(
    data: st.DataObject, around: bytes, headers: Headers
) -> None:
    """Wherever a secret is planted, redaction neither raises nor lets it through."""
    at = data.draw(st.integers(0, len(around)))
    body = around[:at] + CANARY.encode() + around[at:]

    for kind in ((), (("content-type", "text/event-stream"),)):
        found = REDACTION.redact(an_exchange(body, headers=(*headers, *kind)))
        assert CANARY.encode() not in found.body


@given(values, objects)
def test_redacted_fields_never_come_through(secret: Any, body: dict[str, Any]) -> None:
    """A field's value is gone, whatever it was and whatever stands beside it."""
    planted = {**body, "user": [{"email": {CANARY: [secret, CANARY]}}, {"email": CANARY}]}

    found = REDACTION.redact(an_exchange(json.dumps(planted).encode()))

    assert json.loads(found.body)["user"] == [{"email": "[redacted]"}] * 2
