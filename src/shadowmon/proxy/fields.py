"""
What requests' heads and answers' heads have in common: field lines, and which of them pass.

A line in the plainest form passes by our own grammar, which allows less than any parser does. All
others, and every line that says something about framing, are judged by llhttp (by way of
httptools). Most lines come again and again, so what was found of a line is remembered.

Rule 1: what concerns one connection only ends here, both ways: hop-by-hop fields, and every field
        that `Connection` lists (RFC 9110, section 7.6.1).
Rule 2: everything else passes as it came.
Rule 3: what two lines of one head mean together (lengths, codings, hosts) is never left to the
        parser, which may not have seen both.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Collection
from typing import NamedTuple

import httptools

from shadowmon.errors import ShadowmonError
from shadowmon.proxy.memory import Memory


HEAD_END = b"\r\n\r\n"

LENGTH_DIGITS_MAX = 15
"""A Content-Length that is longer is no length."""

CONNECTION_OPTIONS = frozenset((b"close", b"keep-alive", b"upgrade", b""))
"""What `Connection` may list that is no name of a field."""
_NO_OPTIONS = frozenset[bytes]()
_USUAL_OPTIONS = {
    b"close": frozenset((b"close",)),
    b"keep-alive": frozenset((b"keep-alive",)),
}
_NEVER_LISTED = frozenset((b"host", b"content-length"))
"""Taking these away because `Connection` lists them would change what the message means."""

_PLAIN_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ ]?((?:[!-~](?:[ -~]*[!-~])?)?)")
"""RFC 9112, section 5, but for tabs, obs-text and white space where nobody puts any."""
_VISIBLE = bytes(range(0x21, 0x7F))
_JUDGED_BY_LLHTTP = frozenset(
    (b"connection", b"content-length", b"proxy-connection", b"transfer-encoding", b"upgrade")
)

_REMEMBERED = 1024
"""Lines in each of two generations. The elder one goes when the younger one is full."""
_REMEMBERED_LENGTH = 512


class HeadError(ShadowmonError):
    """A head that is refused: with which status, and why, in words that may be shown to anyone."""

    def __init__(self, status: int, problem: str) -> None:
        self.status = status
        super().__init__(problem)


class FieldLine(NamedTuple):
    """One line of a head that does not simply pass unread."""

    came: bytes
    """The line itself."""
    wire: bytes | None
    """As it is passed on: `name: value`, both as they came; None: it ends here."""
    name: bytes
    """In lower case; empty if its value is not read."""
    value: bytes
    """Without white space around it."""


class FieldReader:
    """Reads the field lines of heads of one kind."""

    def __init__(
        self,
        parser: type[httptools.HttpRequestParser | httptools.HttpResponseParser],
        start: bytes,
        *,
        read: Collection[bytes],
        hop_by_hop: Collection[bytes],
        ever_new: Collection[bytes] = (),
    ) -> None:
        """
        Make a reader that remembers nothing yet.

        Args:
            parser: What judges the lines.
            start: A start line for it, with its end.
            read: Lower-case names of the fields that are read here.
            hop_by_hop: Those that in addition do not pass.
            ever_new: Those that are read, pass, and hardly ever say the same twice (ids, lengths).

        """
        self._parser = parser
        self._start = start
        self._read = frozenset((*read, *hop_by_hop, *ever_new))
        self._hop_by_hop = frozenset(hop_by_hop)
        self._known = _KnownLines(self._judged, ever_new)

    def read(self, lines: list[bytes]) -> dict[bytes, bytes]:
        """
        Read all lines between the start line and the empty line, and leave those that pass.

        Args:
            lines: Without their ends. Afterwards those that pass, as they are passed on.

        Returns:
            The values of the fields that are read, by lower-case name. One that comes twice is
            joined by a comma (RFC 9110, section 5.3); one that must not then fails its own check,
            for `5, 5` is no length and `a, b` no host.

        Raises:
            HeadError: If one of them is no field line. Always 400.

        """
        found: dict[bytes, bytes] = {}
        for came, wire, name, value in [*filter(None, map(self._known.__getitem__, lines))]:
            if name:
                found[name] = found[name] + b", " + value if name in found else value
            if wire is None:
                lines.remove(came)
            elif wire is not came:
                lines[lines.index(came)] = wire
        return found

    def _judged(self, line: bytes) -> FieldLine | None:
        """Return what is to be known of a line; None: it passes as it came, unread."""
        plain = _PLAIN_LINE.fullmatch(line)
        if plain is not None:
            name, value = plain.groups()
            if name.lower() not in _JUDGED_BY_LLHTTP:
                return self._line(line, name, value)
        return self._judged_by_llhttp(line)

    def _judged_by_llhttp(self, line: bytes) -> FieldLine | None:
        if line[:1] in (b" ", b"\t"):
            raise HeadError(400, "a field goes on over several lines")  # RFC 9112, section 5.2
        listener = _Listener()
        try:
            self._parser(listener).feed_data(self._start + line + HEAD_END)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            raise HeadError(400, str(error)) from error
        if len(listener.said) != 1:
            raise HeadError(400, "a field line is malformed")
        return self._line(line, *listener.said[0])

    def _line(self, came: bytes, name: bytes, value: bytes) -> FieldLine | None:
        wire, lower = name + b": " + value, name.lower()
        if lower not in self._read:
            return None if wire == came else FieldLine(came, wire, b"", b"")
        passes = lower not in self._hop_by_hop
        if wire == came:
            wire = came
        return FieldLine(came, wire if passes else None, lower, value.strip(b" \t"))


class _KnownLines(Memory[FieldLine | None]):
    """
    What is known of lines, by the line.

    Lines that are hardly ever the same are neither looked up nor kept, if they are of the plainest
    form: they would only push the others out.
    """

    __slots__ = ("_ever_new",)

    def __init__(
        self, judged: Callable[[bytes], FieldLine | None], ever_new: Collection[bytes]
    ) -> None:
        super().__init__(judged, most=_REMEMBERED, longest=_REMEMBERED_LENGTH)
        self._ever_new = {each: each for each in ever_new}
        self._ever_new |= {each.title(): each for each in ever_new}
        """Lower-case names, by how they are mostly written."""

    def __missing__(self, line: bytes) -> FieldLine | None:
        name, _, value = line.partition(b": ")
        lower = self._ever_new.get(name)
        if lower is not None and value and not value.translate(None, _VISIBLE):
            return FieldLine(line, line, lower, value)
        return super().__missing__(line)


class _Listener:
    """What httptools calls for every field line."""

    __slots__ = ("said",)

    def __init__(self) -> None:
        self.said: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field line."""
        self.said.append((name, value))


def options_of(found: dict[bytes, bytes]) -> frozenset[bytes]:
    """Return what `Connection` lists, in lower case."""
    value = found.get(b"connection")
    if value is None:
        return _NO_OPTIONS
    value = value.lower()
    usual = _USUAL_OPTIONS.get(value)
    if usual is not None:
        return usual
    return frozenset(option.strip(b" \t") for option in value.split(b","))


def without_listed(lines: list[bytes], options: frozenset[bytes]) -> list[bytes]:
    """Take away the fields that `Connection` lists."""
    return without(lines, options - _NEVER_LISTED)


def without(lines: list[bytes], names: Collection[bytes]) -> list[bytes]:
    """Take away the fields of these lower-case names."""
    return [line for line in lines if line.partition(b":")[0].lower() not in names]
