"""
Requests' heads: read strictly, written anew. RFC 9110 and RFC 9112; bytes in, bytes out, no I/O.

The start line and everything that decides where a body ends is checked here. A head that two
parsers could read in two ways is refused, for such a head is how requests are smuggled (RFC 9112,
section 11.2).

Rule: names, values, order and target of what passes stay as they came. No field is added, except
      the one Host that an HTTP/1.0 request may lack and an HTTP/1.1 request must have.
"""

from __future__ import annotations

import re

from collections.abc import Iterable

import httptools
import msgspec

from shadowmon.proxy.fields import (
    CONNECTION_OPTIONS,
    HEAD_END,
    LENGTH_DIGITS_MAX,
    FieldReader,
    HeadError,
    options_of,
    parted,
    without_listed,
)
from shadowmon.proxy.framing import CHUNKED


_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~\x80-\xff]+) HTTP/1\.([01])\r\n")
_OTHER_VERSION = re.compile(_TOKEN + rb" [!-~\x80-\xff]+ HTTP/[0-9]\.[0-9]")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)([^#]*)")
_HOST = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~!$&'()*+,;=:%[]-"
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


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """What a request's head says, and the bytes that go to the model server in its place."""

    method: bytes
    target: bytes
    fields: bytes
    """The lines of the end-to-end fields, as they came, without the last one's end."""
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


class RequestReader:
    """Reads request heads, and looks out for a few fields on the way."""

    def __init__(
        self,
        wanted: Iterable[bytes] = (),
        *,
        own_host: bytes = b"",
        hidden: Iterable[bytes] = (),
    ) -> None:
        """
        Make a reader.

        Args:
            wanted: Lower-case names of fields whose values `RequestHead.found` shall hold.
            own_host: Sent as Host for an HTTP/1.0 request that has none (RFC 9110, section 7.2).
            hidden: Lower-case names of fields that are for us only; `found` has them too.

        """
        self._fields = FieldReader(
            httptools.HttpRequestParser,
            # The parser knows only the methods it knows: it is never shown the user's start line.
            b"POST / HTTP/1.1\r\n",
            read={b"host", b"content-length", *wanted},
            hop_by_hop=_REQUEST_ONLY.union(hidden),
        )
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
        lines, found = parted(self._fields.read(raw[line.end() : -len(HEAD_END)]))
        return self._head(method, target, lines, found, old=minor == b"0")

    def _head(
        self,
        method: bytes,
        target: bytes,
        lines: list[bytes],
        found: dict[bytes, bytes],
        *,
        old: bool,
    ) -> RequestHead:
        options = options_of(found)
        if options and not options <= CONNECTION_OPTIONS:
            lines = without_listed(lines, options)
        _check_host(found.get(b"host"), target, method, old=old)
        length = _request_length(found, old=old)
        upgrade = _upgrade(found, options) if b"upgrade" in found and not (length or old) else None
        fields = b"\r\n".join(lines)
        wire = [b"%b %b HTTP/1.1" % (method, target)]
        if b"host" not in found:
            wire.append(b"host: " + self._own_host)
        if fields:
            wire.append(fields)
        if length == CHUNKED:
            wire.append(b"transfer-encoding: chunked")
        if upgrade is not None:
            wire += (b"connection: upgrade", b"upgrade: " + upgrade)
        wire.append(b"\r\n")
        return RequestHead(
            method,
            target,
            fields,
            found,
            wire=b"\r\n".join(wire),
            length=length,
            close=b"close" in options or (old and b"keep-alive" not in options),
            old=old,
            expects_continue=b"expect" in found and _expects_continue(found, length, old=old),
            upgrade=upgrade,
        )


def with_added(wire: bytes, lines: bytes) -> bytes:
    """Add field lines, each with its end, to a head."""
    return wire[:-2] + lines + b"\r\n"


def _request_line_error(raw: bytes) -> HeadError:
    line, _, _ = raw.partition(b"\r\n")
    if _OTHER_VERSION.fullmatch(line):
        return HeadError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    return HeadError(400, "the request line is malformed")


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
            raise _coding_error(coding.lower())
        return CHUNKED
    if length is None:
        return 0
    if not length.isdigit() or len(length) > LENGTH_DIGITS_MAX:
        raise HeadError(400, "Content-Length is no number, or given twice")
    return int(length)


def _coding_error(coding: bytes) -> HeadError:
    codings = [each.strip(b" \t") for each in coding.split(b",")]
    if codings[-1] != b"chunked" or codings.count(b"chunked") > 1:  # RFC 9112, section 6.1
        return HeadError(400, "Transfer-Encoding does not end with chunked, or says it twice")
    return HeadError(501, "no Transfer-Encoding but chunked is understood")


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
