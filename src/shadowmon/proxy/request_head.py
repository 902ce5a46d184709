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

from collections.abc import Iterable, Sequence

import httptools
import msgspec

from shadowmon.proxy.fields import (
    CONNECTION_OPTIONS,
    HEAD_END,
    LENGTH_DIGITS_MAX,
    FieldReader,
    HeadError,
    options_of,
    without_listed,
)
from shadowmon.proxy.forms import OFTEN_NEW, Blanks, Form
from shadowmon.proxy.framing import CHUNKED
from shadowmon.proxy.memory import Generations, Memory


_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~\x80-\xff]+) HTTP/1\.([01])")
_OTHER_VERSION = re.compile(_TOKEN + rb" [!-~\x80-\xff]+ HTTP/[0-9]\.[0-9]")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)([^#]*)")
_HOST = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~!$&'()*+,;=:%[]-"
_UPGRADE = re.compile(rb"[A-Za-z0-9._/+-]{1,64}")

_REMEMBERED = 256
"""Request lines, and heads, in each of two generations."""
_REMEMBERED_LENGTH = 2048
_OF_ONE_REQUEST = frozenset((b"expect", b"upgrade"))
"""Fields of which it depends on others what they mean."""

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
    path: bytes
    """The target itself but for the absolute form; with the query."""
    found: dict[bytes, bytes]
    """Values of the fields that the reader looked out for, by lower-case name."""
    wire: bytes
    """The head for the model server, its empty line included."""
    fields_at: int
    """Where in `wire` the end-to-end fields begin ..."""
    fields_end: int
    """... and end, counted from the end of `wire`, below zero."""
    length: int
    """Of the body: bytes, or `CHUNKED`."""
    close: bool
    """The connection ends after the answer."""
    old: bool
    """HTTP/1.0: must never be sent chunks."""
    expects_continue: bool = False
    upgrade: bytes | None = None
    """What the user would like to speak instead of HTTP."""
    form: KnownForm | None = None
    """What the next head of the same user is likely to look like."""

    @property
    def fields(self) -> bytes:
        """The lines of the end-to-end fields, as they came, without the last one's end."""
        return self.wire[self.fields_at : self.fields_end]


class KnownForm:
    """A form, and what is known of every head of it."""

    __slots__ = ("_form", "_like", "_rest")

    def __init__(self, form: Form, like: RequestHead) -> None:
        """Take what `like` says for what all heads say that have the form of it."""
        self._form = form
        self._like = like
        self._rest = {name: like.found[name] for name in like.found.keys() - form.names}

    def read(self, data: bytes) -> tuple[RequestHead, int] | None:
        """
        Read what is likely to be a head of this form, where it is not yet known where it ends.

        Returns:
            The head, and where it ends; None if it must be read in another way.

        """
        head = self._form.match(data)
        if head is None:
            return None
        try:
            return self.filled(head.groups()), head.end()
        except HeadError:
            return None

    def filled(self, values: Sequence[bytes]) -> RequestHead:
        """
        Return the head that has these values in its blanks.

        Raises:
            HeadError: If one of them is a length that is none.

        """
        form, like = self._form, self._like
        found = dict(zip(form.names, values))  # noqa: B905 - to be strict takes half as long again
        length = found.get(b"content-length")
        if self._rest:
            found |= self._rest
        return RequestHead(
            like.method,
            like.target,
            like.path,
            found,
            form.filled(values),
            like.fields_at,
            like.fields_end,
            like.length if length is None else _number(length),
            like.close,
            like.old,
            form=self,
        )


class _Start(msgspec.Struct, frozen=True, gc=False):
    """What a request line says."""

    method: bytes
    target: bytes
    path: bytes
    host: bytes | None
    """In lower case, if the target names one."""
    wire: bytes
    """As it is passed on."""
    old: bool


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
        ever_new = {b"content-length", *OFTEN_NEW, *wanted}
        ever_new = ever_new.difference(_REQUEST_ONLY, hidden, (b"host",))
        self._fields = FieldReader(
            httptools.HttpRequestParser,
            # The parser knows only the methods it knows: it is never shown the user's start line.
            b"POST / HTTP/1.1\r\n",
            read={b"host"},
            hop_by_hop=_REQUEST_ONLY.union(hidden),
            ever_new=ever_new,
        )
        self._wanted = ever_new.union(hidden)
        self._starts = Memory(_start, most=_REMEMBERED, longest=_REMEMBERED_LENGTH)
        self._blanks = Blanks(ever_new)
        self._forms = Generations[tuple[bytes, ...], KnownForm](_REMEMBERED)
        """By what is printed on them."""
        self._own_host = own_host

    def read(self, raw: bytes) -> RequestHead:
        """
        Read one head, given up to and including its empty line.

        Raises:
            HeadError: If it is malformed, ambiguous, or asks for what a gateway does not do.

        """
        pieces = self._blanks.part(raw)
        values = pieces[2::3]
        del pieces[2::3]
        printed = tuple(pieces)
        if printed in self._forms or self._forms.of_elder(printed):
            return self._forms[printed].filled(values)
        head, alike = self._read(raw)
        if alike and len(raw) <= _REMEMBERED_LENGTH:
            form = self._blanks.form(raw, head.found, head.wire)
            if form is not None:
                self._forms.keep(printed, KnownForm(form, head))
        return head

    def _read(self, raw: bytes) -> tuple[RequestHead, bool]:
        """Read a head line by line; say whether other heads of its form would be read alike."""
        first, *lines = raw[: -len(HEAD_END)].split(b"\r\n")
        start = self._starts[first]
        old = start.old
        found = self._fields.read(lines)
        options = options_of(found)
        usual = not options or options <= CONNECTION_OPTIONS
        if not usual:
            lines = without_listed(lines, options)
        _check_host(found.get(b"host"), start)
        length = _request_length(found, old=old)
        upgrade = _upgrade(found, options) if b"upgrade" in found and not (length or old) else None
        begin, ends = start.wire, [b"", b""]
        if b"host" not in found:
            begin += b"\r\nhost: " + self._own_host
        if length == CHUNKED:
            ends.insert(0, b"transfer-encoding: chunked")
        if upgrade is not None:
            ends[:0] = (b"connection: upgrade", b"upgrade: " + upgrade)
        head = RequestHead(
            start.method,
            start.target,
            start.path,
            {name: found[name] for name in found.keys() & self._wanted},
            b"\r\n".join([begin, *lines, *ends]),
            len(begin) + 2,
            -len(b"\r\n".join(ends)) - 2,
            length,
            b"close" in options or (old and b"keep-alive" not in options),
            old,
            b"expect" in found and _expects_continue(found, length, old=old),
            upgrade,
        )
        return head, usual and not found.keys() & _OF_ONE_REQUEST


def _start(line: bytes) -> _Start:
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        if _OTHER_VERSION.fullmatch(line):
            raise HeadError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        raise HeadError(400, "the request line is malformed")
    method, target, minor = found.groups()
    if method == b"CONNECT":
        raise HeadError(405, "CONNECT is not for a gateway")
    path, host = target, None
    if not target.startswith(b"/") and (target, method) != (b"*", b"OPTIONS"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise HeadError(400, "the target is neither a path nor an absolute http address")
        host, path = absolute[1].lower(), absolute[2] or b"/"
    wire = b"%b %b HTTP/1.1" % (method, target)
    return _Start(method, target, path, host, wire, old=minor == b"0")


def with_added(wire: bytes, lines: bytes) -> bytes:
    """Add field lines, each with its end, to a head."""
    return wire[:-2] + lines + b"\r\n"


def _check_host(host: bytes | None, start: _Start) -> None:
    if host is None:
        if not start.old:
            raise HeadError(400, "an HTTP/1.1 request needs a Host")
        return
    if host.translate(None, _HOST):
        raise HeadError(400, "Host is malformed, or given twice")
    if start.host is not None and start.host != host.lower():
        raise HeadError(400, "Host and the target name two different hosts")


def _request_length(found: dict[bytes, bytes], *, old: bool) -> int:
    coding, length = found.get(b"transfer-encoding"), found.get(b"content-length")
    if coding is not None:
        if old or length is not None:
            raise HeadError(400, "Transfer-Encoding has no place beside what else the head says")
        if coding.lower() != b"chunked":
            raise _coding_error(coding.lower())
        return CHUNKED
    return 0 if length is None else _number(length)


def _number(length: bytes) -> int:
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
