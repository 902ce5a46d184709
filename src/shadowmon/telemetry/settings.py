"""How shadowmon speaks of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class TracingSettings(BaseModel):
    """Trace context of shadow calls, and spans of shadowmon's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shadow_sampled: bool = False
    """Do shadow calls show up in production's traces, where the user's request does?"""
    otlp_endpoint: str = ""
    """Where spans go, by OTLP over HTTP (http://127.0.0.1:4318/v1/traces); empty: there are none.
    Needs shadowmon[otel]."""
    sample_rate: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of traces whose spans are sent."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0


class TelemetrySettings(BaseModel):
    """Settings of telemetry/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_format: Literal["auto", "json", "console"] = "auto"
    """auto: a console on a terminal, JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    tracing: TracingSettings = TracingSettings()
