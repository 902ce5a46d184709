"""
What one event tells of an exchange: a model's request, its answer, or both.

Whoever logs production (KServe, Seldon, LiteLLM) tells of one request in several events. Each is
read into a `Sighting`; `joining` puts those of one exchange together.
"""

from __future__ import annotations

from dataclasses import dataclass

from shadowmon.records import ModelName, RouteName


BAD_STATUS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """A request as a model got it."""

    target: bytes
    headers: bytes = b""
    """Field lines as on the wire, without the last one's end."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAnswer:
    """A model's whole answer."""

    status: int = 200
    headers: bytes = b""
    body: bytes
    seconds: float | None = None
    """How long the model took; None where that is to be told from the two events' times."""
    first_byte_seconds: float | None = None

    @property
    def has_failed(self) -> bool:
        """Is it an error?"""
        return self.status >= BAD_STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One event."""

    source: str
    route: RouteName
    id: str
    """What all events of the exchange share."""
    model: ModelName
    request: SeenRequest | None = None
    answer: SeenAnswer | None = None
    at: float | None = None
    """When it happened, by the clock of whoever saw it, in seconds since the epoch."""

    @property
    def kinds(self) -> frozenset[str]:
        """What it tells of."""
        told = (("request", self.request), ("answer", self.answer))
        return frozenset(kind for kind, part in told if part is not None)


class SightingError(Exception):
    """An event cannot be used. The message says why, and quotes nothing of what people said."""


def header_lines(*fields: tuple[str, str]) -> bytes:
    """Write header fields as on the wire; what could end a line becomes a space."""
    return b"\r\n".join(
        b"%b: %b" % (_one_line(name).lower(), _one_line(value)) for name, value in fields
    )


def _one_line(text: str) -> bytes:
    return " ".join(text.split()).encode("utf-8", "replace")
