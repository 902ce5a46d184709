"""
What requests' heads and answers' heads have in common: field lines, and which of them pass.

llhttp (by way of httptools) checks every field line, and gives it to a `Collector`.

Rule 1: what concerns one connection only ends here, both ways: hop-by-hop fields, and every field
        that `Connection` lists (RFC 9110, section 7.6.1).
Rule 2: everything else passes as it came.
"""

from __future__ import annotations

from typing import TypeAlias

from shadowmon.errors import ShadowmonError


Fields: TypeAlias = list[tuple[bytes, bytes]]

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


class HeadError(ShadowmonError):
    """A head that is refused: with which status, and why, in words that may be shown to anyone."""

    def __init__(self, status: int, problem: str) -> None:
        self.status = status
        super().__init__(problem)


class Collector:
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
        """Take a field line (from httptools)."""
        lower = name.lower()
        if lower in self._special:
            value = value.strip(b" \t")
            found = self.found
            found[lower] = found[lower] + b", " + value if lower in found else value
            if lower in self._hop_by_hop:
                return
        self.fields.append((name, value))


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


def without_listed(fields: Fields, options: frozenset[bytes]) -> Fields:
    """Take away the fields that `Connection` lists."""
    listed = options - _NEVER_LISTED
    return [field for field in fields if field[0].lower() not in listed]
