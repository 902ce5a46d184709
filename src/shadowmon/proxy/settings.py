"""The inline proxy: where it listens, its limits and its patience."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ProxySettings(BaseModel):
    """Settings of proxy/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str | None = None
    """host:port that users' requests come to; None means no inline proxy."""
    default_model: str | None = None
    """Serves what no route matches; None means such a request gets 404."""
    workers: Annotated[int, Field(ge=1, le=16)] = 1
    """Processes that share the one listening socket."""
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
    tee_body_max_bytes: Annotated[int, Field(ge=0)] = 1_048_576
    """A request or an answer larger than this is not handed over; counted."""
    tee_total_max_bytes: Annotated[int, Field(ge=0)] = 67_108_864
    """Bodies that a worker holds for hand-over at one time; more are not kept; counted."""
