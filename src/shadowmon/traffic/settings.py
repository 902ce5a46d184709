"""Which requests are watched: routes, sampling, slices, redaction, and the sources."""

from __future__ import annotations

import enum

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


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
    """How requests and answers are read: openai, anthropic, open_inference, tgi, tei, ollama,
    tensorflow_serving, torchserve, json, or a plugin's."""
    codec_settings: dict[str, Any] = {}
    """The codec's own. For `json`: {text: <JMESPath>, label: <JMESPath>, probabilities: …, …}; of
    every codec `tests` is where a request carries a program that checks the code in its answer."""
    sticky: StickySettings = StickySettings()
    """Without a key (or where a request lacks it) the request's own id is used."""
    request_id_header: str = "x-request-id"
    """Names the exchange; labels that come later refer to it. Made up where it is missing."""
    sample_rate: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """Share of requests that are mirrored and scored."""
    self_check_rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Share of those for which the baseline is asked a second time. Its divergence from itself is
    the noise floor; with it, divergence is judged by its excess over the floor."""
    shadow_calls_per_second: Annotated[float, Field(gt=0)] | None = None
    """Shadow calls of this route, to whatever model; each scoring worker has its even part."""
    pin: dict[str, Any] = {}
    """Top-level keys that shadow calls set, such as {temperature: 0, seed: 7}. Only where both
    models are called in the shadow (a mirror's requests): an answer that a user got was made
    without them, and another one made with them would be no match for it."""


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


class SourceSettings(BaseModel):
    """What a listener that production is copied to puts up with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str | None = None
    """host:port; None means that it is not there."""
    body_max_bytes: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    body_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    total_max_bytes: Annotated[int, Field(gt=0)] = 256 * 1024 * 1024
    """Bodies that are being read at one time; a copy beyond is shed and counted."""
    head_timeout_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A connection that has not sent a whole head by then is closed."""
    connections_max: Annotated[int, Field(ge=1)] = 1024
    """Open connections; more are closed at once and counted as shed."""


class TapSettings(SourceSettings):
    """Where a mirror (Envoy, Istio, nginx) sends its copies."""


class ServiceSettings(BaseModel):
    """An inference service (KServe, Seldon) whose logger sends events: which model is it?"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """The events' `inferenceservicename`."""
    namespace: str | None = None
    """None: whichever."""
    endpoint: str | None = None
    """KServe's `default` or `canary`; Seldon's predictor. None: whichever."""
    component: str = "predictor"
    """A transformer and an explainer log under the same id. Events that name none are taken."""
    route: str
    model: str
    target: Annotated[str | None, Field(pattern=r"^/")] = None
    """Path of its requests, which no event tells; None: the route's `path_prefix`."""


class LiteLlmSettings(BaseModel):
    """Model groups of a LiteLLM gateway, whose logging callback posts to /litellm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: str
    models: Annotated[dict[str, str], Field(min_length=1)]
    """LiteLLM's model group -> our model: those of the baseline, and of the silent models."""


class EventsSettings(SourceSettings):
    """Where events come from whoever saw production: CloudEvents, LiteLLM, the Python SDK."""

    token: SecretStr | None = None
    """What every sender must show: `authorization: Bearer …`, or the password in the address that
    it sends to (`http://any:TOKEN@host/`), which is all that a logger can be given."""
    trust_network: bool = False
    """Take events without a token from other machines. Whoever can send them can make evidence."""
    total_max_bytes: Annotated[int, Field(gt=0)] = 64 * 1024 * 1024
    join_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long the events of one request may come apart. Then what is there is taken, and the
    models whose answers are not there are called."""
    join_max: Annotated[int, Field(ge=1)] = 10_000
    """Requests that wait for more of their events; the oldest is given up for a new one."""
    join_max_bytes: Annotated[int, Field(gt=0)] = 64 * 1024 * 1024
    """What they hold together."""
    services: tuple[ServiceSettings, ...] = ()
    litellm: tuple[LiteLlmSettings, ...] = ()


class ExtProcSettings(BaseModel):
    """Where Envoy's external processing filter tells of requests and answers (extra `ext_proc`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str | None = None
    """host:port, for gRPC; None means that it is not there."""
    token: SecretStr | None = None
    """What every Envoy must show, as `initial_metadata` of its `grpc_service`: `authorization:
    Bearer …`."""
    trust_network: bool = False
    """Listen to other machines without a token. Whoever can tell of answers can make evidence."""
    model_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "x-shadowmon-model"
    """The answer's header that names the model which made it, as the route adds it; where it is
    missing, the route's baseline did. Never read from a request, for users could write it."""
    max_streams: Annotated[int, Field(ge=1)] = 512
    """Open at one time; more are shed. All Envoys' `max_requests` together."""
    stream_timeout_seconds: Annotated[float, Field(gt=0)] = 3600.0
    """The longest generation. What takes longer counts as broken off."""
    exchange_max_bytes: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    """Of one request and its answer together; a larger one is let go."""
    total_max_bytes: Annotated[int, Field(gt=0)] = 128 * 1024 * 1024
    """Of all that are open; what would go beyond is shed. A message that is just coming in, of at
    most 1 MiB for each stream, is gRPC's."""


class Privacy(enum.StrEnum):
    """What may be kept of what people say."""

    REDACTED = "redacted"
    """Redacted text, where a part of the daemon keeps text at all."""
    SCORES_ONLY = "scores_only"
    """Scores and hashes: no text, no target, and of a request's id only a hash."""


class TrafficSettings(BaseModel):
    """Settings of traffic/ that all routes share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slices: dict[str, SliceSettings] = {}
    slices_max: Annotated[int, Field(gt=0, le=1000)] = 100
    redaction: RedactionSettings = RedactionSettings()
    privacy: Privacy = Privacy.REDACTED
    tap: TapSettings = TapSettings()
    events: EventsSettings = EventsSettings()
    ext_proc: ExtProcSettings = ExtProcSettings()
    sampling_salt: Annotated[str, Field(max_length=64)] = "shadowmon-sampling"
    """Kept apart from the rollout's salt, so that the sample is no subset of one arm."""
