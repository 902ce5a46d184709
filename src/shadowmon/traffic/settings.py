"""Which requests are watched: routes, sampling, slices, redaction, the tap."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class StickySettings(BaseModel):
    """What must stay together: requests with the same key always meet the same model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str | None = None
    """A request header that names the user, such as `x-user-id`."""
    cookie: str | None = None
    """A cookie that names the user."""

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.header and self.cookie:
            msg = "give header or cookie, not both"
            raise ValueError(msg)
        return self


class RouteSettings(BaseModel):
    """Traffic that one baseline model serves now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path_prefix: str = Field(default="/", pattern=r"^/")
    """A request belongs to the route with the longest prefix of its path."""
    baseline: str
    """Name of the model that users rely on now."""
    codec: str = "openai"
    """How requests and answers are read: openai, open_inference, json, or a plugin's."""
    codec_settings: dict[str, Any] = {}
    """For the codec `json`: {text: <JMESPath>, label: <JMESPath>, probabilities: …, fields: …}."""
    sticky: StickySettings = StickySettings()
    """Without a key (or where a request lacks it) the request's own id is used."""
    request_id_header: str = "x-request-id"
    """Names the exchange; labels that come later refer to it. Made up where it is missing."""
    sample_rate: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """Share of requests that are mirrored and scored."""
    self_check_rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Share of those for which the baseline is asked a second time. Its divergence from itself is
    the noise floor; with it, divergence is judged by its excess over the floor."""


class SliceSettings(BaseModel):
    """A named part of the traffic that is judged on its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str | None = None
    field: str | None = None
    """JMESPath into the request's JSON body."""
    equals: str | None = None
    matches: str | None = None
    """A regular expression (Python's), searched in the value."""
    edge: bool = False
    """An edge case: the red line for edge-case slices watches it."""
    sample_rate: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Share of this slice's requests that are scored, where it is not the route's own. What is
    sampled more often counts less in all traffic, exactly as much less."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.header is None) == (self.field is None):
            msg = "give exactly one of header and field"
            raise ValueError(msg)
        if self.equals is not None and self.matches is not None:
            msg = "give equals or matches, not both (neither means: the value is there)"
            raise ValueError(msg)
        return self


class RedactionSettings(BaseModel):
    """What is taken out of an exchange before anything is kept or shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    headers: tuple[str, ...] = (
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
    )
    """Their values are replaced."""
    fields: tuple[str, ...] = ()
    """Dotted paths into JSON bodies, such as `user.email` or `messages[*].name`."""
    patterns: tuple[str, ...] = ()
    """Regular expressions; what they match in any kept text is replaced."""


class TapSettings(BaseModel):
    """Where a mirror (Envoy, Istio, nginx) sends its copies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str | None = None
    """host:port; None means no tap."""
    body_max_bytes: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    body_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    total_max_bytes: Annotated[int, Field(gt=0)] = 256 * 1024 * 1024
    """Bodies that are being read at one time; a copy beyond is shed and counted."""
    head_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A connection that has not sent a whole head by then is closed."""
    connections_max: Annotated[int, Field(ge=1)] = 1024
    """Open connections; more are closed at once and counted as shed."""


class TrafficSettings(BaseModel):
    """Settings of traffic/ that all routes share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slices: dict[str, SliceSettings] = {}
    slices_max: Annotated[int, Field(gt=0, le=1000)] = 100
    redaction: RedactionSettings = RedactionSettings()
    tap: TapSettings = TapSettings()
    sampling_salt: Annotated[str, Field(max_length=64)] = "shadowmon-sampling"
    """Kept apart from the rollout's salt, so that the sample is no subset of one arm."""
