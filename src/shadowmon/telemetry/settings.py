"""How shadowmon speaks of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class TelemetrySettings(BaseModel):
    """Settings of telemetry/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_format: Literal["auto", "json", "console"] = "auto"
    """auto: a console on a terminal, JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
