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

import enum
import re

from collections.abc import Collection, Iterable
from typing import NamedTuple

import httptools

from shadowmon.errors import ShadowmonError


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


class Concern(enum.IntEnum):
    """Whom a field concerns."""

    OTHERS = 0
    """It passes unread."""
    US_TOO = 1
    """It is read, and passes."""
    US_ONLY = 2
    """Hop-by-hop: it is read, and does not pass."""


# Members of an Enum are slow to look up in Python 3.11.
OTHERS, US_TOO, US_ONLY = map(int, Concern)


class FieldLine(NamedTuple):
    """One line of a head that was found in order."""

    wire: bytes
    """As it is passed on: `name: value`, both as they came."""
    name: bytes
    """In lower case."""
    value: bytes
    """Without white space around it."""
    concern: int
    """Out of `Concern`."""


class FieldReader:
    """Reads the field lines of heads of one kind."""

    def __init__(
        self,
        parser: type[httptools.HttpRequestParser | httptools.HttpResponseParser],
        start: bytes,
        *,
        read: Collection[bytes],
        hop_by_hop: Collection[bytes],
    ) -> None:
        """
        Make a reader that remembers nothing yet.

        Args:
            parser: What judges the lines.
            start: A start line for it, with its end.
            read: Lower-case names of the fields that are read here.
            hop_by_hop: Those that in addition do not pass.

        """
        self._parser = parser
        self._start = start
        self._concerns = dict.fromkeys(read, US_TOO) | dict.fromkeys(hop_by_hop, US_ONLY)
        self._known: dict[bytes, FieldLine] = {}
        self._known_before: dict[bytes, FieldLine] = {}

    def read(self, block: bytes) -> list[FieldLine]:
        """
        Read all lines between the start line and the empty line, without the last one's end.

        Raises:
            HeadError: If one of them is no field line. Always 400.

        """
        if not block:
            return []
        known = self._known
        found: list[FieldLine] = []
        for line in block.split(b"\r\n"):
            read = known.get(line)
            found.append(self._recalled(line) if read is None else read)
        return found

    def _recalled(self, line: bytes) -> FieldLine:
        """Return what the elder generation knows of a line, or what is found of it now."""
        known = self._known
        read = self._known_before.get(line) or self._judged(line)
        if len(line) <= _REMEMBERED_LENGTH:
            known[line] = read
            if len(known) >= _REMEMBERED:
                self._known, self._known_before = {}, known
        return read

    def _judged(self, line: bytes) -> FieldLine:
        plain = _PLAIN_LINE.fullmatch(line)
        if plain is not None:
            name, value = plain.groups()
            lower = name.lower()
            if lower not in _JUDGED_BY_LLHTTP:
                concern = self._concerns.get(lower, OTHERS)
                return FieldLine(b"%b: %b" % (name, value), lower, value, concern)
        return self._judged_by_llhttp(line)

    def _judged_by_llhttp(self, line: bytes) -> FieldLine:
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
        name, value = listener.said[0]
        lower = name.lower()
        return FieldLine(
            name + b": " + value, lower, value.strip(b" \t"), self._concerns.get(lower, OTHERS)
        )


class _Listener:
    """What httptools calls for every field line."""

    __slots__ = ("said",)

    def __init__(self) -> None:
        self.said: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field line."""
        self.said.append((name, value))


def parted(lines: Iterable[FieldLine]) -> tuple[list[bytes], dict[bytes, bytes]]:
    """
    Part what passes from what is read here.

    Returns:
        The lines that pass, and the values of the fields that are read, by lower-case name. One
        that comes twice is joined by a comma (RFC 9110, section 5.3); one that must not then fails
        its own check, for `5, 5` is no length and `a, b` no host.

    """
    passing: list[bytes] = []
    found: dict[bytes, bytes] = {}
    for wire, name, value, concern in lines:
        if concern:
            found[name] = found[name] + b", " + value if name in found else value
            if concern == US_ONLY:
                continue
        passing.append(wire)
    return passing, found


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
