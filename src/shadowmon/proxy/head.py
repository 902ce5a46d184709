"""
Message heads: read strictly, written anew. RFC 9110 and RFC 9112; bytes in, bytes out, no I/O.

llhttp (by way of httptools) checks every field line; the start line and everything that decides
where a body ends is checked here. A head that two parsers could read in two ways is refused, for
such a head is how requests are smuggled (RFC 9112, section 11.2).

Rule 1: what concerns one connection only ends here, both ways: hop-by-hop fields, and every field
        that `Connection` lists (RFC 9110, section 7.6.1).
Rule 2: everything else passes as it came: names, values, order, target. No field is added, except
        the one Host that an HTTP/1.0 request may lack and an HTTP/1.1 request must have.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from typing import TypeAlias

import httptools
import msgspec

from shadowmon.errors import ShadowmonError
from shadowmon.proxy.framing import CHUNKED, UNTIL_CLOSE


Fields: TypeAlias = list[tuple[bytes, bytes]]

HEAD_END = b"\r\n\r\n"

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~\x80-\xff]+) HTTP/1\.([01])\r\n")
_OTHER_VERSION = re.compile(_TOKEN + rb" [!-~\x80-\xff]+ HTTP/[0-9]\.[0-9]")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?)\r\n")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)([^#]*)")
_HOST = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~!$&'()*+,;=:%[]-"
_LENGTH_DIGITS_MAX = 15
_UPGRADE = re.compile(rb"[A-Za-z0-9._/+-]{1,64}")

_REQUEST_ONLY = frozenset(
    (
        b"connection",
        b"expect",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_ANSWER_ONLY = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    )
)
_SPECIAL_IN_ANSWERS = _ANSWER_ONLY | {b"content-length"}
_CONNECTION_OPTIONS = frozenset((b"close", b"keep-alive", b"upgrade", b""))
_NO_OPTIONS = frozenset[bytes]()
_USUAL_OPTIONS = {
    b"close": frozenset((b"close",)),
    b"keep-alive": frozenset((b"keep-alive",)),
}
_NEVER_LISTED = frozenset((b"host", b"content-length"))
"""Taking these away because `Connection` lists them would change what the message means."""

CONTINUE, SWITCHING, FINAL = 100, 101, 200
"""Below FINAL the real answer comes after this one (RFC 9110, section 15.2), or, with SWITCHING,
the connection speaks something else from here on."""
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class HeadError(ShadowmonError):
    """A head that is refused: with which status, and why, in words that may be shown to anyone."""

    def __init__(self, status: int, problem: str) -> None:
        self.status = status
        super().__init__(problem)


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """What a request's head says, and the bytes that go to the model server in its place."""

    method: bytes
    target: bytes
    fields: Fields
    """End-to-end fields, as they came."""
    found: dict[bytes, bytes]
    """Values of the fields that the reader looked out for, by lower-case name."""
    wire: bytes
    """The head for the model server, its empty line included."""
    length: int
    """Of the body: bytes, or `CHUNKED`."""
    close: bool
    """The connection ends after the answer."""
    old: bool
    """HTTP/1.0: must never be sent chunks."""
    expects_continue: bool
    upgrade: bytes | None
    """What the user would like to speak instead of HTTP."""


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """What an answer's head says."""

    status: int
    reason: bytes
    """Status code and reason phrase, as they came."""
    fields: Fields
    length: int
    """Of the body: bytes (0: there is none), `CHUNKED` or `UNTIL_CLOSE`."""
    chunked: bool
    """The head says chunked, whether or not there is a body (an answer to HEAD)."""
    reusable: bool
    """The model server keeps the connection open."""


class _Collector:
    """
    What httptools calls for every field line: parts the end-to-end fields from the others.

    A special field that comes twice is joined by a comma (RFC 9110, section 5.3); one that must
    not then fails its own check, for `5, 5` is no length and `a, b` no host.
    """

    __slots__ = ("_hop_by_hop", "_special", "fields", "found")

    def __init__(self, special: frozenset[bytes], hop_by_hop: frozenset[bytes]) -> None:
        self._special = special
        self._hop_by_hop = hop_by_hop
        self.fields: Fields = []
        """End-to-end fields, as they came."""
        self.found: dict[bytes, bytes] = {}
        """Values of the special ones, by lower-case name."""

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower in self._special:
            value = value.strip(b" \t")
            found = self.found
            found[lower] = found[lower] + b", " + value if lower in found else value
            if lower in self._hop_by_hop:
                return
        self.fields.append((name, value))


class RequestReader:
    """Reads request heads, and looks out for a few fields on the way."""

    def __init__(self, wanted: Iterable[bytes] = (), *, own_host: bytes = b"") -> None:
        """
        Make a reader.

        Args:
            wanted: Lower-case names of fields whose values `RequestHead.found` shall hold.
            own_host: Sent as Host for an HTTP/1.0 request that has none (RFC 9110, section 7.2).

        """
        self._special = _REQUEST_ONLY.union((b"host", b"content-length"), wanted)
        self._own_host = own_host

    def read(self, raw: bytes) -> RequestHead:
        """
        Read one head, given up to and including its empty line.

        Raises:
            HeadError: If it is malformed, ambiguous, or asks for what a gateway does not do.

        """
        line = _REQUEST_LINE.match(raw)
        if line is None:
            raise _request_line_error(raw)
        method, target, minor = line.groups()
        if method == b"CONNECT":
            raise HeadError(405, "CONNECT is not for a gateway")
        collector = _Collector(self._special, _REQUEST_ONLY)
        parser = httptools.HttpRequestParser(collector)
        try:
            # The start line is one of our own, for the parser knows only the methods it knows.
            parser.feed_data(b"POST / HTTP/1.1\r\n" + raw[line.end() :])
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            raise HeadError(400, str(error)) from error
        return self._head(method, target, collector, old=minor == b"0")

    def _head(
        self, method: bytes, target: bytes, collector: _Collector, *, old: bool
    ) -> RequestHead:
        fields, found = collector.fields, collector.found
        options = _options(found)
        if options and not options <= _CONNECTION_OPTIONS:
            fields = _without_listed(fields, options)
        _check_host(found.get(b"host"), target, method, old=old)
        length = _request_length(found, old=old)
        upgrade = _upgrade(found, options) if b"upgrade" in found and not (length or old) else None
        lines = [method + b" " + target + b" HTTP/1.1", *map(b": ".join, fields)]
        if b"host" not in found:
            lines.insert(1, b"host: " + self._own_host)
        if length == CHUNKED:
            lines.append(b"transfer-encoding: chunked")
        if upgrade is not None:
            lines += (b"connection: upgrade", b"upgrade: " + upgrade)
        lines.append(b"\r\n")
        return RequestHead(
            method,
            target,
            fields,
            found,
            wire=b"\r\n".join(lines),
            length=length,
            close=b"close" in options or (old and b"keep-alive" not in options),
            old=old,
            expects_continue=b"expect" in found and _expects_continue(found, length, old=old),
            upgrade=upgrade,
        )


def _request_line_error(raw: bytes) -> HeadError:
    line, _, _ = raw.partition(b"\r\n")
    if _OTHER_VERSION.fullmatch(line):
        return HeadError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    return HeadError(400, "the request line is malformed")


def _options(found: dict[bytes, bytes]) -> frozenset[bytes]:
    """Return what `Connection` lists, in lower case."""
    value = found.get(b"connection")
    if value is None:
        return _NO_OPTIONS
    value = value.lower()
    usual = _USUAL_OPTIONS.get(value)
    if usual is not None:
        return usual
    return frozenset(option.strip(b" \t") for option in value.split(b","))


def _without_listed(fields: Fields, options: frozenset[bytes]) -> Fields:
    listed = options - _NEVER_LISTED
    return [field for field in fields if field[0].lower() not in listed]


def _check_host(host: bytes | None, target: bytes, method: bytes, *, old: bool) -> None:
    if host is None:
        if not old:
            raise HeadError(400, "an HTTP/1.1 request needs a Host")
    elif host.translate(None, _HOST):
        raise HeadError(400, "Host is malformed, or given twice")
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise HeadError(400, "the target is neither a path nor an absolute http address")
    if host is not None and absolute[1].lower() != host.lower():
        raise HeadError(400, "Host and the target name two different hosts")


def path_of(target: bytes) -> bytes:
    """Return a target's path and query: the target itself but for the absolute form and `*`."""
    if target.startswith(b"/"):
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    return absolute[2] or b"/" if absolute else b"/"


def _request_length(found: dict[bytes, bytes], *, old: bool) -> int:
    coding, length = found.get(b"transfer-encoding"), found.get(b"content-length")
    if coding is not None:
        if old or length is not None:
            raise HeadError(400, "Transfer-Encoding has no place beside what else the head says")
        if coding.lower() != b"chunked":
            raise HeadError(501, "no Transfer-Encoding but chunked is understood")
        return CHUNKED
    if length is None:
        return 0
    if not length.isdigit() or len(length) > _LENGTH_DIGITS_MAX:
        raise HeadError(400, "Content-Length is no number, or given twice")
    return int(length)


def _expects_continue(found: dict[bytes, bytes], length: int, *, old: bool) -> bool:
    if found[b"expect"].lower() != b"100-continue":
        raise HeadError(417, "no expectation but 100-continue is understood")
    return length != 0 and not old


def _upgrade(found: dict[bytes, bytes], options: frozenset[bytes]) -> bytes | None:
    """Return what to upgrade to; h2c is ignored, for it would tunnel requests past us unread."""
    wish = found[b"upgrade"]
    if b"upgrade" not in options or not _UPGRADE.fullmatch(wish):
        return None
    return None if wish.lower().startswith((b"h2c", b"http/", b"tls/")) else wish


def read_answer(raw: bytes, *, to_head: bool) -> AnswerHead:
    """
    Read an answer's head, given up to and including its empty line.

    Args:
        raw: The bytes.
        to_head: Does it answer a HEAD request, so that it has no body whatever it says?

    Raises:
        HeadError: If it is malformed, or one could disagree about where its body ends. Always 502.

    """
    line = _STATUS_LINE.match(raw)
    if line is None:
        raise HeadError(502, "the model server's status line is malformed")
    minor, reason, code = line.groups()
    collector = _Collector(_SPECIAL_IN_ANSWERS, _ANSWER_ONLY)
    parser = httptools.HttpResponseParser(collector)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise HeadError(502, f"the model server's head is malformed: {error}") from error
    fields, found = collector.fields, collector.found
    options = _options(found)
    if options and not options <= _CONNECTION_OPTIONS:
        fields = _without_listed(fields, options)
    status, old = int(code), minor == b"0"
    bare = status < FINAL or status == _NO_CONTENT
    length, chunked = _answer_length(found, old=old)
    if bare and (chunked or length >= 0):
        fields = [field for field in fields if field[0].lower() != b"content-length"]
    return AnswerHead(
        status=status,
        reason=reason,
        fields=fields,
        length=0 if bare or to_head or status == _NOT_MODIFIED else length,
        chunked=chunked and not bare,
        reusable=b"close" not in options and (not old or b"keep-alive" in options),
    )


def _answer_length(found: dict[bytes, bytes], *, old: bool) -> tuple[int, bool]:
    coding, length = found.get(b"transfer-encoding"), found.get(b"content-length")
    if coding is not None:
        if old or length is not None or coding.lower() != b"chunked":
            raise HeadError(502, "the model server's Transfer-Encoding is not understood")
        return CHUNKED, True
    if length is None:
        return UNTIL_CLOSE, False
    if not length.isdigit() or len(length) > _LENGTH_DIGITS_MAX:
        raise HeadError(502, "the model server's Content-Length is no number")
    return int(length), False


def answer_wire(head: AnswerHead, *, old: bool, close: bool) -> bytes:
    """
    Write an answer's head for a user.

    Args:
        head: What the model server said.
        old: The user speaks HTTP/1.0: chunks will be taken apart, and keeping the connection
            open must be said aloud.
        close: The connection ends after this answer.

    """
    lines = [b"HTTP/1.1 " + head.reason, *map(b": ".join, head.fields)]
    if head.chunked and not old:
        lines.append(b"transfer-encoding: chunked")
    if close:
        lines.append(b"connection: close")
    elif old:
        lines.append(b"connection: keep-alive")
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def informational_wire(head: AnswerHead) -> bytes:
    """Write a head that comes before the real one, such as 103 (RFC 8297)."""
    return b"\r\n".join([b"HTTP/1.1 " + head.reason, *map(b": ".join, head.fields), b"\r\n"])


def switching_wire(head: AnswerHead, upgrade: bytes) -> bytes:
    """Write a 101: from here on the connection belongs to `upgrade`."""
    lines = [b"HTTP/1.1 " + head.reason, *map(b": ".join, head.fields)]
    lines += (b"connection: upgrade", b"upgrade: " + upgrade, b"\r\n")
    return b"\r\n".join(lines)
