"""
Take secrets out of an exchange before anything is kept or shown. Pure; compiled once.

Rule 1: it never raises on an exchange. A body that it cannot look into, while there is something
to look for, is dropped whole and replaced by `MARK`, so that no secret slips through on an error
path.
Rule 2: what is not asked for stays as it is, byte for byte.
"""

from __future__ import annotations

import json
import re

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

from shadowmon.errors import CodecError
from shadowmon.records import Exchange, ExchangeId, Headers, Served
from shadowmon.traffic.codecs import content_coding, sse, strict_json
from shadowmon.traffic.field_path import FieldPath, texts
from shadowmon.traffic.settings import Privacy, RedactionSettings


MARK = "[redacted]"
DROPPED = MARK.encode()
"""What a body becomes that could not be looked into."""


class Redaction:
    """
    What is taken out.

    Raises:
        ValueError: On construction, for a bad path or pattern; the message names the key.

    """

    def __init__(self, settings: RedactionSettings, *, privacy: Privacy = Privacy.REDACTED) -> None:
        """
        Compile what is to be found.

        Args:
            settings: What is taken out.
            privacy: With `SCORES_ONLY` nothing is left: no body, no header, no target.

        """
        self._keeps_text = privacy is not Privacy.SCORES_ONLY
        self._headers = frozenset(name.lower() for name in settings.headers)
        self._paths = [
            FieldPath(path, key=f"redaction.fields[{place}]")
            for place, path in enumerate(settings.fields)
        ]
        self._patterns = [_compiled(p, place) for place, p in enumerate(settings.patterns)]

    def known_as(self, exchange_id: ExchangeId) -> str:
        """Return what an exchange may be called where it is shown: its id, or a hash of it."""
        if self._keeps_text:
            return self.redact_text(exchange_id)
        return kept_id(exchange_id, Privacy.SCORES_ONLY)

    def redact(self, exchange: Exchange) -> Exchange:
        """Return the exchange without its secrets: headers, target and bodies, both ways."""
        headers, body = self._message(exchange.headers, exchange.body)
        return replace(
            exchange,
            id=exchange.id if self._keeps_text else kept_id(exchange.id, Privacy.SCORES_ONLY),
            target=self.redact_target(exchange.target),
            headers=headers,
            body=body,
            served=self._served(exchange.served),
            failed_first=self._served(exchange.failed_first),
            also=tuple(self._answer(each) for each in exchange.also),
        )

    def redact_text(self, text: str) -> str:
        """Return the text without what the patterns match; none of it if none may be kept."""
        if not self._keeps_text:
            return MARK if text else text
        for pattern in self._patterns:
            text = pattern.sub(MARK, text)
        return text

    def redact_target(self, target: str) -> str:
        """Return a request's target without what the patterns match, percent-encoded or not."""
        if not self._keeps_text:
            return MARK
        target = self.redact_text(target)
        decoded = unquote(target)
        cleared = self.redact_text(decoded)
        return target if cleared == decoded else cleared

    def _served(self, served: Served | None) -> Served | None:
        return None if served is None else self._answer(served)

    def _answer(self, served: Served) -> Served:
        headers, body = self._message(served.headers, served.body)
        return replace(served, headers=headers, body=body)

    def _message(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        kept = tuple(
            (name, MARK if name in self._headers else self.redact_text(value))
            for name, value in headers
        )
        if not body or not (self._paths or self._patterns or not self._keeps_text):
            return kept, body
        if not self._keeps_text:
            return kept, DROPPED
        # From here on the body is another one: neither its coding nor its length is the same.
        gone = {"content-encoding", "content-length"}
        kept = tuple((name, value) for name, value in kept if name not in gone)
        try:
            plain = content_coding.plain(headers, body)
            is_stream = sse.is_stream(headers, plain)
            return kept, self._stream(plain) if is_stream else self._body(plain)
        except CodecError:
            return kept, DROPPED

    def _body(self, body: bytes) -> bytes:
        try:
            found = strict_json.loads_verbatim(body)
        except CodecError:
            if self._paths:  # a field that is to go may be anywhere in it
                raise
            return self._plain_text(body)
        return self._json(found)

    def _json(self, found: Any) -> bytes:  # noqa: ANN401 - JSON is any of six types
        for path in self._paths:
            found = path.replaced(found, MARK)
        found = texts(found, self.redact_text)
        # Once more over the whole, for a pattern that is about a key and its value at once.
        written = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
        return self.redact_text(written).encode("utf-8", "replace")

    def _plain_text(self, body: bytes) -> bytes:
        try:
            return self.redact_text(body.decode()).encode("utf-8", "replace")
        except UnicodeDecodeError:
            return DROPPED

    def _stream(self, body: bytes) -> bytes:
        """
        Redact a stream event by event.

        A secret that is cut over several events cannot be cut out of them: if a pattern matches
        what the pieces say when put together, the stream is dropped whole.
        """
        events = sse.read_events(body)
        pieces: dict[str, list[str]] = {}
        written: list[bytes] = []
        for event in events:
            if event.data.strip() == "[DONE]":
                written.append(b"data: [DONE]\n\n")
                continue
            data = self._json(strict_json.loads_verbatim(event.data.encode()))
            _gather(strict_json.loads_verbatim(data), "", pieces.setdefault)
            written.append(b"event: %s\ndata: %s\n\n" % (event.name.encode(), data))
        whole = ["".join(parts) for parts in pieces.values()]
        if any(self.redact_text(text) != text for text in whole):
            return DROPPED
        return b"".join(written)


def kept_id(exchange_id: ExchangeId, privacy: Privacy) -> ExchangeId:
    """
    Return by what an exchange is remembered until its label comes: its id, or 16 digits of a hash.

    A user may have put anything into an id. Whoever knows it still finds what belongs to it.
    """
    if privacy is not Privacy.SCORES_ONLY:
        return exchange_id
    digest = blake2b(exchange_id.encode("utf-8", "replace"), digest_size=8)
    return ExchangeId(digest.hexdigest())


def _compiled(pattern: str, place: int) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        msg = f"redaction.patterns[{place}]: not a regular expression: {error}"
        raise ValueError(msg) from error
    if compiled.search(""):
        msg = f"redaction.patterns[{place}]: it matches nothing at all, and so everywhere"
        raise ValueError(msg)
    return compiled


def _gather(value: Any, path: str, pieces: Callable[[str, list[str]], list[str]]) -> None:  # noqa: ANN401
    """Collect every string of one event under its path, so that pieces of one text meet."""
    if isinstance(value, dict):
        for key, item in value.items():
            _gather(item, f"{path}.{key}", pieces)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _gather(item, f"{path}.{place}", pieces)
    elif isinstance(value, str):
        pieces(path, []).append(value)
