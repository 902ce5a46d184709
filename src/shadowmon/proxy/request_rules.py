"""
What a request may say of itself, and what is refused. RFC 9110 and RFC 9112; no I/O.

Rule: a head that two parsers could read in two ways is refused, for such a head is how requests are
      smuggled (RFC 9112, section 11.2). What is refused raises `HeadError`, with its status.
"""

from __future__ import annotations

import re

import msgspec

from shadowmon.proxy.fields import LENGTH_DIGITS_MAX, HeadError
from shadowmon.proxy.framing import CHUNKED


_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~\x80-\xff]+) HTTP/1\.([01])")
_OTHER_VERSION = re.compile(_TOKEN + rb" [!-~\x80-\xff]+ HTTP/[0-9]\.[0-9]")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)([^#]*)")
_HOST = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~!$&'()*+,;=:%[]-"
_UPGRADE = re.compile(rb"[A-Za-z0-9._/+-]{1,64}")


class RequestLine(msgspec.Struct, frozen=True, gc=False):
    """What a request line says."""

    method: bytes
    target: bytes
    path: bytes
    """With the query: the target itself, but for the absolute form and `*`."""
    host: bytes | None
    """In lower case, if the target names one."""
    wire: bytes
    """As it is passed on."""
    old: bool
    """HTTP/1.0."""


def request_line(line: bytes) -> RequestLine:
    """
    Read a request line, given without its end.

    Raises:
        HeadError: If it is none (400), of another version (505), or wants a tunnel (405).

    """
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        if _OTHER_VERSION.fullmatch(line):
            raise HeadError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        raise HeadError(400, "the request line is malformed")
    method, target, minor = found.groups()
    if method == b"CONNECT":
        raise HeadError(405, "CONNECT is not for a gateway")
    path, host = target, None
    if (target, method) == (b"*", b"OPTIONS"):
        path = b"/"
    elif not target.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise HeadError(400, "the target is neither a path nor an absolute http address")
        host, path = absolute[1].lower(), absolute[2] or b"/"
    wire = b"%b %b HTTP/1.1" % (method, target)
    return RequestLine(method, target, path, host, wire, old=minor == b"0")


def check_host(host: bytes | None, line: RequestLine) -> None:
    """Refuse (400) a Host that is missing, malformed, given twice, or not the target's."""
    if host is None:
        if not line.old:
            raise HeadError(400, "an HTTP/1.1 request needs a Host")
        return
    if host.translate(None, _HOST):
        raise HeadError(400, "Host is malformed, or given twice")
    if line.host is not None and line.host != host.lower():
        raise HeadError(400, "Host and the target name two different hosts")


def request_length(found: dict[bytes, bytes], *, old: bool) -> int:
    """Return the body's length in bytes, or `CHUNKED`; refuse what can be read in two ways."""
    coding, length = found.get(b"transfer-encoding"), found.get(b"content-length")
    if coding is not None:
        if old or length is not None:
            raise HeadError(400, "Transfer-Encoding has no place beside what else the head says")
        if coding.lower() != b"chunked":
            raise _coding_error(coding.lower())
        return CHUNKED
    return 0 if length is None else number(length)


def number(length: bytes) -> int:
    """Return what a Content-Length says; refuse (400) what is no number."""
    if not length.isdigit() or len(length) > LENGTH_DIGITS_MAX:
        raise HeadError(400, "Content-Length is no number, or given twice")
    return int(length)


def _coding_error(coding: bytes) -> HeadError:
    codings = [each.strip(b" \t") for each in coding.split(b",")]
    if codings[-1] != b"chunked" or codings.count(b"chunked") > 1:  # RFC 9112, section 6.1
        return HeadError(400, "Transfer-Encoding does not end with chunked, or says it twice")
    return HeadError(501, "no Transfer-Encoding but chunked is understood")


def expects_continue(found: dict[bytes, bytes], length: int, *, old: bool) -> bool:
    """Say whether a 100 is waited for; any other expectation is refused (417)."""
    if found[b"expect"].lower() != b"100-continue":
        raise HeadError(417, "no expectation but 100-continue is understood")
    return length != 0 and not old


def upgrade_of(found: dict[bytes, bytes], options: frozenset[bytes]) -> bytes | None:
    """Return what to upgrade to; h2c is ignored, for it would tunnel requests past us unread."""
    wish = found[b"upgrade"]
    if b"upgrade" not in options or not _UPGRADE.fullmatch(wish):
        return None
    return None if wish.lower().startswith((b"h2c", b"http/", b"tls/")) else wish
