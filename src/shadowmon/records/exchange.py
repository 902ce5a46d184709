"""What production saw: a request, and the answer that the user had."""

from __future__ import annotations

import enum

from dataclasses import dataclass
from datetime import datetime

from shadowmon.records.names import EVERYTHING, ExchangeId, Headers, ModelName, RouteName, SliceName


class Ending(enum.StrEnum):
    """How production's own answer ended."""

    COMPLETE = "complete"
    CLIENT_GONE = "client_gone"
    """The user went away: what was answered by then is no measure of the model."""
    TRUNCATED = "truncated"
    """The model server cut its answer short."""
    UNREACHABLE = "unreachable"
    """No connection, or none of an answer before the connection ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What one model answered on production's own path."""

    model: ModelName
    ending: Ending
    status: int = 0
    """HTTP status; 0 when there was no answer at all."""
    headers: Headers = ()
    body: bytes = b""
    """Chunked framing is taken off; content codings are not."""
    duration_seconds: float
    first_byte_seconds: float | None = None
    """From the end of the request's head to the first byte of the answer's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One production request, and the answer production gave if the source saw it."""

    id: ExchangeId
    route: RouteName
    source: str
    method: str
    target: str
    """The request's target as on the wire: path and query, not decoded."""
    headers: Headers = ()
    body: bytes = b""
    served: Served | None = None
    """The answer that the user got. None where the source saw the request only (a mirror)."""
    failed_first: Served | None = None
    """The optimized model's failed try, when the user was served by the baseline instead."""
    also: tuple[Served, ...] = ()
    """What other models answered to the same request, where production asked them too and the
    source saw it (loggers that share an id). None of them is the served one's model."""
    received_at: datetime
    slices: frozenset[SliceName] = frozenset({EVERYTHING})
