"""The models: addresses, credentials, prices; and how much the mirror may do at once."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class PriceSettings(BaseModel):
    """What a model's answers cost, in any one currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_request: Annotated[float, Field(ge=0)] = 0.0
    per_input_token: Annotated[float, Field(ge=0)] = 0.0
    per_output_token: Annotated[float, Field(ge=0)] = 0.0
    per_second: Annotated[float, Field(ge=0)] = 0.0


class RewriteSettings(BaseModel):
    """What a shadow call to this model changes in the request's JSON body."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = None
    """Replaces the request's own `model`; None leaves it."""
    parameters: dict[str, Any] = {}
    """Top-level keys that are set, such as {temperature: 0, seed: 7}."""


class ModelSettings(BaseModel):
    """One model server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://[^/]+(/.*)?$")
    """Scheme, host and port (and a path prefix, for shadow calls only)."""
    bearer_token: SecretStr | None = None
    """Sent as `authorization: Bearer …` on shadow calls, in place of the user's own credentials."""
    headers: dict[str, str] = {}
    """Further headers of shadow calls."""
    rewrite: RewriteSettings = RewriteSettings()
    price: PriceSettings | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    """A shadow call's whole time; later it counts as a timeout of this model."""
    connections_max: Annotated[int, Field(ge=1)] = 32
    """Shadow calls to this model at one time."""


class MirrorSettings(BaseModel):
    """Settings of mirror/ that all models share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    in_flight_max: Annotated[int, Field(ge=1)] = 128
    """Exchanges that are being mirrored at one time, for each scoring worker."""
    queue_max: Annotated[int, Field(ge=1)] = 1024
    """Exchanges that wait for that; more are shed and counted."""
    queue_bytes_max: Annotated[int, Field(ge=1024)] = 256 * 1024 * 1024
    """Bytes of their bodies, all together; what would be more is shed."""
    answer_max_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    """A shadow answer is read up to here; longer ones count as garbage."""
    drop_headers: tuple[str, ...] = (
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
    )
    """Headers of the user's request that a shadow call never carries: it has its own token."""
