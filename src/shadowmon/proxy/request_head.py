"""
Requests' heads: read strictly, written anew. RFC 9110 and RFC 9112; bytes in, bytes out, no I/O.

A head is read line by line (`request_rules` says what is refused), unless its form is known by
heart (`forms`): then what was found of the form holds, and only what stands in the blanks is new.

Rule: names, values, order and target of what passes stay as they came. No field is added, except
      the one Host that an HTTP/1.0 request may lack and an HTTP/1.1 request must have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import httptools
import msgspec

from shadowmon.ipc.brief import fields_range
from shadowmon.proxy.fields import (
    CONNECTION_OPTIONS,
    HEAD_END,
    FieldReader,
    HeadError,
    options_of,
    without_listed,
)
from shadowmon.proxy.forms import OFTEN_NEW, Blanks, Form
from shadowmon.proxy.framing import CHUNKED
from shadowmon.proxy.memory import Generations, Memory
from shadowmon.proxy.request_rules import (
    check_host,
    expects_continue,
    number,
    request_length,
    request_line,
    upgrade_of,
)


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
    """With the query: the target itself, but for the absolute form and `*`."""
    found: dict[bytes, bytes]
    """Values of the fields that the reader looked out for, by lower-case name."""
    wire: bytes
    """The head for the model server, its empty line included."""
    fields_at: int
    """Where in `wire` the end-to-end fields begin ..."""
    fields_end: int
    """... and end, counted from the end of `wire`, below zero."""
    told: bytes
    """The same for the hand-over: see `ipc.brief.fields_range`."""
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
            like.told,
            like.length if length is None else number(length),
            like.close,
            like.old,
            form=self,
        )


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
        self._lines = Memory(request_line, most=_REMEMBERED, longest=_REMEMBERED_LENGTH)
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
        start = self._lines[first]
        old = start.old
        found = self._fields.read(lines)
        options = options_of(found)
        usual = not options or options <= CONNECTION_OPTIONS
        if not usual:
            lines = without_listed(lines, options)
        check_host(found.get(b"host"), start)
        length = request_length(found, old=old)
        upgrade = (
            upgrade_of(found, options) if b"upgrade" in found and not (length or old) else None
        )
        begin, ends = start.wire, [b"", b""]
        if b"host" not in found:
            begin += b"\r\nhost: " + self._own_host
        if length == CHUNKED:
            ends.insert(0, b"transfer-encoding: chunked")
        if upgrade is not None:
            ends[:0] = (b"connection: upgrade", b"upgrade: " + upgrade)
        fields_at, left = len(begin) + 2, len(b"\r\n".join(ends)) + 2
        head = RequestHead(
            start.method,
            start.target,
            start.path,
            {name: found[name] for name in found.keys() & self._wanted},
            b"\r\n".join([begin, *lines, *ends]),
            fields_at,
            -left,
            fields_range(fields_at, left),
            length,
            b"close" in options or (old and b"keep-alive" not in options),
            old,
            b"expect" in found and expects_continue(found, length, old=old),
            upgrade,
        )
        return head, usual and not found.keys() & _OF_ONE_REQUEST


def with_added(wire: bytes, lines: bytes) -> bytes:
    """Add field lines, each with its end, to a head."""
    return wire[:-2] + lines + b"\r\n"
