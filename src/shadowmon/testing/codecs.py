"""What every codec promises."""
# ruff: noqa: S101 - these are tests; they are shipped so that plugins can run them

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from json import loads
from typing import Any, ClassVar

from shadowmon.errors import CodecError
from shadowmon.records import (
    Exchange,
    Headers,
)
from shadowmon.traffic.codecs.codec import Codec


HOSTILE_BODIES = (
    b"",
    b"\x00\xff\xfe",
    b"\xef\xbb\xbf",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"0",
    b'{"a": NaN}',
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"a": 1, "a": 2}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"choices": 1, "outputs": 1, "inputs": 1, "messages": 1}',
    b'{"choices": [1], "outputs": [1], "inputs": [1], "messages": [1]}',
    b'{"choices": [{"message": 1}], "outputs": [{"name": 1}]}',
    b'data: {"choices": [{"delta": 1}]}\n\n',
    b"data: \n\ndata: {\n\n",
    b"\x1f\x8b\x08\x00",
)
"""What strangers send; none of it may do more to a codec than make it refuse."""


class CodecContract:
    """What `codec.Codec` promises."""

    settings: ClassVar[Mapping[str, Any]] = {}
    """A route's `codec_settings`, as the suite is to use them."""

    def make(self, settings: Mapping[str, Any]) -> Codec:
        """Return a codec."""
        raise NotImplementedError

    def a_request(self) -> Exchange:
        """Return a request that is to be mirrored; its body is a JSON object."""
        raise NotImplementedError

    def an_answer(self) -> tuple[int, Headers, bytes]:
        """Return the status, headers and body of a good answer."""
        raise NotImplementedError

    def test_unknown_setting_is_refused(self) -> None:
        """A setting that the codec does not know is a ValueError that names it."""
        problem = ""
        try:
            self.make({"no_such_setting": "x"})
        except ValueError as error:
            problem = str(error)
        assert "no_such_setting" in problem

    def test_request_is_to_be_mirrored(self) -> None:
        """A request of the format is not skipped."""
        assert not self.make(self.settings).read_request(self.a_request()).skip

    def test_get_of_another_path_is_skipped(self) -> None:
        """A request for something else than an answer of the model is skipped."""
        other = replace(self.a_request(), method="GET", target="/metrics", body=b"")
        assert self.make(self.settings).read_request(other).skip == "not_inference"

    def test_answer_says_something(self) -> None:
        """A good answer is whole, without an error, and has content."""
        status, headers, body = self.an_answer()
        answer = self.make(self.settings).read_answer(status=status, headers=headers, body=body)
        assert answer.error is None
        assert not answer.incomplete
        content = (answer.text, answer.label, answer.fields, answer.tool_calls or None)
        assert content != (None, None, None, None)

    def test_no_state_between_calls(self) -> None:
        """The same bytes read the same, whatever was read in between."""
        codec = self.make(self.settings)
        status, headers, body = self.an_answer()
        first = codec.read_answer(status=status, headers=headers, body=body)
        for hostile in HOSTILE_BODIES:
            _read_or_refused(codec, status, headers, hostile)
        assert codec.read_answer(status=status, headers=headers, body=body) == first

    def test_hostile_bytes_are_read_or_refused(self) -> None:
        """Whatever the bytes, a codec reads them or raises CodecError, and nothing else."""
        codec = self.make(self.settings)
        request, (status, headers, body) = self.a_request(), self.an_answer()
        cut = [body[:at] for at in range(0, len(body), max(1, len(body) // 50))]
        for hostile in (*HOSTILE_BODIES, *cut):
            _read_or_refused(codec, status, headers, hostile)
            with suppress(CodecError):
                codec.read_request(replace(request, body=hostile))
            with suppress(CodecError):
                codec.rewrite(hostile, model="other", parameters={"seed": 7})

    def test_refusal_quotes_nothing(self) -> None:
        """An error's text quotes nothing of the bytes, which may hold secrets."""
        codec = self.make(self.settings)
        secret = b"canary-7f3a"
        bodies = [
            secret,
            b'{"%s": ' % secret,
            b'{"%s": 1, "%s": 2}' % (secret, secret),
            b'data: {"%s"\n\n' % secret,
        ]
        for body in bodies:
            assert secret.decode() not in _read_or_refused(codec, 200, (), body)

    def test_rewrite_of_nothing(self) -> None:
        """With nothing to change the bytes stay as they are."""
        body = self.a_request().body
        assert self.make(self.settings).rewrite(body, model=None, parameters={}) == body

    def test_rewrite_sets_and_keeps(self) -> None:
        """Parameters are set, and everything else of the request is kept."""
        body = self.a_request().body
        codec = self.make(self.settings)
        changed = codec.rewrite(body, model=None, parameters={"seed": 7})
        assert loads(changed) == {**loads(body), "seed": 7}

    def test_rewrite_is_stable(self) -> None:
        """The same request is always rewritten to the same bytes; twice changes no more."""
        body = self.a_request().body
        codec = self.make(self.settings)
        once = codec.rewrite(body, model="other", parameters={"seed": 7})
        assert codec.rewrite(body, model="other", parameters={"seed": 7}) == once
        assert codec.rewrite(once, model="other", parameters={"seed": 7}) == once


def _read_or_refused(codec: Codec, status: int, headers: Headers, body: bytes) -> str:
    """Return the refusal's text; empty if the bytes were read."""
    try:
        codec.read_answer(status=status, headers=headers, body=body)
    except CodecError as error:
        return str(error)
    return ""
