"""
What a recording holds, whatever its format: requests, and the answers that were recorded with them.

A file is read twice. The first time its records are only indexed: what joins them (an id), when
they happened, and where they lie (`Part`). Then each request is read when its turn comes, from the
bytes of all its parts (`RecordedRequest`). So a recording may be larger than memory, its records
may come in any order, and a request and its answer may lie in different files.

Rule 1: what cannot be used is an `Unusable` or a `RecordingError`: counted, never passed over.
Rule 2: neither quotes anything that people or models said.
"""

from __future__ import annotations

import enum

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shadowmon.records import (
    Ending,
    Exchange,
    ExchangeId,
    Headers,
    ModelName,
    RouteName,
    Served,
)


SOURCE = "recording"
"""The source of an exchange that was recorded."""

ID_MAX = 256
"""Characters of an id."""


class RecordingError(Exception):
    """A record cannot be used. The message says why."""


class Kind(enum.StrEnum):
    """What a record tells of a request."""

    REQUEST = "request"
    BASELINE = "baseline"
    """What production answered."""
    OPTIMIZED = "optimized"
    """What the optimized model answered when the request was replayed, or asked silently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One record, and where it lies."""

    key: str
    """What joins the records of one request: its id."""
    kinds: tuple[Kind, ...]
    at: float | None = None
    """When the request was made, in seconds since the epoch."""
    number: int
    """Of the record in its file (a line, an entry), from 1."""
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A record that is none."""

    number: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """A whole answer."""

    status: int = 200
    headers: Headers = ()
    body: bytes
    seconds: float | None = None
    """From the request to the answer's end; None if nobody took the time."""
    first_byte_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request, and what is known of its answers."""

    method: str = "POST"
    target: str
    headers: Headers = ()
    body: bytes
    baseline: RecordedAnswer | None = None
    optimized: RecordedAnswer | None = None
    label: str | None = None


class Format(Protocol):
    """Reads one kind of file."""

    def parts(self, chunks: Iterable[bytes], *, name: str) -> Iterator[Part | Unusable]:
        """
        Index a file.

        Args:
            chunks: Its bytes, in pieces of any size.
            name: Names the records that have no id of their own.

        """
        ...

    def read(self, pieces: Mapping[Kind, bytes]) -> RecordedRequest:
        """
        Read a request from the bytes of its parts.

        Raises:
            RecordingError: If it cannot be used.

        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Whose answers were recorded."""

    route: RouteName
    baseline: ModelName
    optimized: ModelName


def exchange_of(
    found: RecordedRequest, *, exchange_id: str, received_at: datetime, arms: Arms
) -> Exchange:
    """Return a recorded request as what production saw then."""
    served, also = _served(arms.baseline, found.baseline), _served(arms.optimized, found.optimized)
    return Exchange(
        id=ExchangeId(exchange_id),
        route=arms.route,
        source=SOURCE,
        method=found.method,
        target=found.target,
        headers=found.headers,
        body=found.body,
        served=served,
        also=() if also is None else (also,),
        received_at=received_at,
    )


def _served(model: ModelName, answer: RecordedAnswer | None) -> Served | None:
    if answer is None:
        return None
    return Served(
        model=model,
        ending=Ending.COMPLETE,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        # 0 says that nobody took the time: so it is held in pairs everywhere.
        duration_seconds=answer.seconds or 0.0,
        first_byte_seconds=answer.first_byte_seconds,
    )
