"""The inline proxy: where it listens, its limits and its patience."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class ProxyTlsSettings(BaseModel):
    """The proxy's own certificate. A file that changes is taken up within a second or two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate: Path
    """PEM: the certificate, then those between it and its authority."""
    key: Path
    """PEM, without a password."""
    client_ca: Path | None = None
    """PEM: only users with a certificate of one of these authorities are served (mutual TLS)."""


class PinSettings(BaseModel):
    """
    Who always meets the same model of a route, whatever the weights say.

    A trial that was rolled back has no pinned users either: they meet the baseline.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    baseline: tuple[str, ...] = ()
    """Values of the route's sticky key."""
    optimized: tuple[str, ...] = ()
    header_token: SecretStr | None = None
    """With it a request may choose by itself: `x-shadowmon-arm: baseline` (or `optimized`), and
    this token in `x-shadowmon-arm-token`, which no model server sees."""


class AccessLogSettings(BaseModel):
    """One line of JSON for each request: never a body, a header, a query or an unknown method."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None = None
    """None: no log. Workers append whole lines, so they share one file; it may be rotated."""
    waiting_max: Annotated[int, Field(ge=1)] = 10_000
    """Lines that wait to be written, for each worker; more are dropped and counted."""


class ProxySettings(BaseModel):
    """Settings of proxy/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str | None = None
    """host:port that users' requests come to, or unix:/path, or systemd:name for a socket that
    systemd opened; None means no inline proxy."""
    tls: ProxyTlsSettings | None = None
    """None: users speak plain HTTP."""
    default_model: str | None = None
    """Serves what no route matches; None means such a request gets 404."""
    workers: Annotated[int, Field(ge=1, le=16)] = 1
    """Processes that share the one listening socket, and users evenly."""
    pins: dict[str, PinSettings] = {}
    """By route."""
    add_request_id: bool = False
    """A request without one is given an id, in its route's `request_id_header`."""
    add_trace_context: bool = False
    """A request without one is given a `traceparent` (W3C Trace Context)."""
    access_log: AccessLogSettings = AccessLogSettings()
    rollout_salt: Annotated[str, Field(max_length=64)] = "shadowmon-rollout"
    connections_max: Annotated[int, Field(ge=1)] = 4096
    """Open user connections for each worker; more are closed at once and counted."""
    head_max_bytes: Annotated[int, Field(ge=1024)] = 65_536
    head_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A connection that has not sent a whole head by then is closed (slowloris)."""
    idle_timeout_seconds: Annotated[float, Field(gt=0)] = 75.0
    """A user's connection without a request."""
    connect_timeout_seconds: Annotated[float, Field(gt=0)] = 2.0
    first_byte_timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    """From a whole request to the answer's first byte."""
    stream_idle_timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    """Between two pieces of a body; there is no limit on the whole, for generations are long."""
    upstream_idle_seconds: Annotated[float, Field(gt=0)] = 4.0
    """Idle upstream connections are closed before the server would (uvicorn's default is 5 s)."""
    retry_max_bytes: Annotated[int, Field(ge=0)] = 262_144
    """A request up to this size can be sent again: to the baseline when the optimized model fails
    before its first byte, or once more when a reused connection turns out dead."""
    retry_total_max_bytes: Annotated[int, Field(ge=0)] = 67_108_864
    """Requests that a worker keeps for that at one time; those beyond cannot be sent again."""
    retry_stale: bool = True
    """Send once more when a reused connection ends without a byte of an answer. A model server may
    then see a request twice, if it died over the first; off: the user gets a 502."""
    rest_after_failures: Annotated[int, Field(ge=1)] = 3
    """So many failures in a row, and an address rests, if its model has others."""
    rest_seconds: Annotated[float, Field(gt=0)] = 1.0
    """How long, at first; each further failure doubles it."""
    rest_max_seconds: Annotated[float, Field(gt=0)] = 60.0
    tee_body_max_bytes: Annotated[int, Field(ge=0)] = 1_048_576
    """A request or an answer larger than this is not handed over; counted."""
    tee_total_max_bytes: Annotated[int, Field(ge=0)] = 67_108_864
    """Bodies that a worker holds for hand-over at one time; more are not kept; counted."""
