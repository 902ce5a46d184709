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
    b'{"type": "message", "content": 1, "output": 1, "data": 1, "error": 1}',
    b'{"type": [], "object": [], "output": [{"type": []}], "tools": [{"type": []}]}',
    b'{"messages": [{"role": [], "content": [{"type": [], "source": []}]}], "input": [1]}',
    b'data: {"type": [], "index": [], "output_index": []}\n\n',
    b'data: {"type": "content_block_delta", "index": 0}\n\n',
    b'data: {"type": "response.completed"}\n\n',
    b"event: error\ndata: []\n\n",
    b"data: [DONE]\n\n",
    b"data: " + b"[" * 100_000 + b"\n\n",
    b'data: {"choices": [{"delta": {"content": "\xff\x00"}}]}\n\n',
    b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\n',
    b'data: {"choices": [\r\rdata: ]}\r\n\r\n',
)
"""What strangers send; none of it may do more to a codec than make it refuse."""


CUTS_MAX = 400
"""Places at which an answer is cut; a shorter one is cut at every byte."""
ERROR_NAME_MAX = 160
"""Characters of an error's name: a type and a code, and no sentence that may quote a request."""


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

    def an_error(self) -> tuple[int, Headers, bytes] | None:
        """Return the status, headers and body of an error; None if the format has no own form."""
        return None

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
        assert any(
            content not in (None, ())
            for content in (
                answer.text,
                answer.label,
                answer.fields,
                answer.tool_calls,
                answer.embeddings,
                answer.ranking,
                answer.tensors,
            )
        )

    def test_error_is_told(self) -> None:
        """An error that the server reports is named, in words and not in its own sentence."""
        found = self.an_error()
        if found is None:
            return
        status, headers, body = found
        answer = self.make(self.settings).read_answer(status=status, headers=headers, body=body)
        assert answer.error
        assert len(answer.error) <= ERROR_NAME_MAX

    def test_cut_answer_is_never_whole(self) -> None:
        """Wherever an answer is cut, it is refused, or incomplete: never a short answer."""
        codec = self.make(self.settings)
        status, headers, body = self.an_answer()
        length = len(body.rstrip())
        for cut in range(0, length, max(1, length // CUTS_MAX)):
            with suppress(CodecError):
                answer = codec.read_answer(status=status, headers=headers, body=body[:cut])
                assert answer.incomplete or answer.error, f"cut at byte {cut} of {length}"

    def test_what_is_read_can_be_kept(self) -> None:
        """Half surrogate pairs and NUL, which nothing further down can hold, are never read."""
        codec = self.make(self.settings)
        status, headers, body = self.an_answer()
        request = self.a_request()
        for hostile in (rb"\ud800", rb"\u0000", rb"\udc00\ud800"):
            with suppress(CodecError):
                planted = _planted(body, hostile)
                _check_text(codec.read_answer(status=status, headers=headers, body=planted))
            with suppress(CodecError):
                planted = _planted(request.body, hostile)
                _check_text(codec.read_request(replace(request, body=planted)))

    def test_question_is_read_alike(self) -> None:
        """The same request asks the same, whatever the model is called."""
        request = self.a_request()
        codec = self.make(self.settings)
        other = codec.rewrite(request.body, model="other", parameters={})
        asked = codec.read_request(request).question
        assert codec.read_request(replace(request, body=other)).question == asked

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


def _planted(body: bytes, hostile: bytes) -> bytes:
    """Put an escape into every string that is a value, as JSON usually writes them."""
    return body.replace(b': "', b': "' + hostile).replace(b':"', b':"' + hostile)


def _check_text(found: object) -> None:
    """Raise if there is text that UTF-8, or a database, cannot hold."""
    text = repr(found).encode("ascii", "backslashreplace")
    assert b"\\ud8" not in text.lower()
    assert b"\\udc" not in text.lower()
    assert b"\\x00" not in text
