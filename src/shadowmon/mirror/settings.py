"""The models: addresses, credentials, prices; and how much the mirror may do at once."""

from __future__ import annotations

import enum

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


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


class ModelTlsSettings(BaseModel):
    """How a model server behind https is known, and how we are known to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: Path | None = None
    """PEM: the authorities that its certificate may come from; None: those of the system."""
    server_name: str | None = None
    """The name that its certificate must have; None: the address's host."""
    certificate: Path | None = None
    """PEM: shown to a model server that asks for one."""
    key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            msg = "give certificate and key, or neither"
            raise ValueError(msg)
        return self


ModelUrl = Annotated[str, Field(pattern=r"^(https?|http\+unix)://[^/]+(/.*)?$")]


class BudgetSettings(BaseModel):
    """
    What shadow calls to one model may take. What is beyond is not called, and counted by reason.

    Calls are prepaid, tokens and money are paid afterwards: a day's cap may be passed by what is
    under way when it is reached, at most `connections_max` calls. A day is a day of UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_second: Annotated[float, Field(gt=0)] | None = None
    """On average; up to one second's may come at once. Each scoring worker has its even part."""
    tokens_per_day: Annotated[int, Field(ge=1)] | None = None
    """Input and output together. All scoring workers share it, and a restart does not forget it."""
    money_per_day: Annotated[float, Field(gt=0)] | None = None
    """In the currency of the model's price; shared and remembered like tokens."""


class BreakerSettings(BaseModel):
    """
    When a model counts as down, and shadow calls to it are spared.

    A failure is no connection, a connection that ended, a timeout, a status of 5xx or 429.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    failures: Annotated[int, Field(ge=2)] = 10
    """So many one after the other open it."""
    window: Annotated[int, Field(ge=10, le=10_000)] = 50
    """Calls over which the ratio is taken."""
    ratio: Annotated[float, Field(ge=0.5, le=1.0)] = 0.9
    """Such a share of failures in the window opens it too. While it is open every request counts as
    a failure: a lower ratio would say more than was seen."""
    open_seconds: Annotated[float, Field(gt=0)] = 2.0
    """Until the first probe; doubled with each probe that fails."""
    open_seconds_max: Annotated[float, Field(gt=0)] = 30.0
    probes: Annotated[int, Field(ge=1)] = 2
    """So many good probes, one after the other, close it."""


class ModelSettings(BaseModel):
    """One model, on one server or on several that are alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: ModelUrl
    """Scheme, host and port (and a path prefix, for shadow calls only). A Unix socket's path stands
    in the host's place, with %2F for each slash: http+unix://%2Frun%2Fmodel.sock"""
    addresses: Annotated[tuple[ModelUrl, ...], Field(max_length=63)] = ()
    """Further servers of the same model, for the proxy: the less busy of two is taken, and one that
    fails rests for a while. Shadow calls go to `url`."""
    tls: ModelTlsSettings = ModelTlsSettings()
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
    budget: BudgetSettings = BudgetSettings()
    breaker: BreakerSettings = BreakerSettings()

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.budget.money_per_day is not None and self.price is None:
            msg = "budget.money_per_day needs a price: without one no call costs anything"
            raise ValueError(msg)
        return self


class GuardScope(enum.StrEnum):
    """Which models are spared while the baseline is slow."""

    OFF = "off"
    SAME_HOST = "same_host"
    """Those whose address has the baseline's host, and the baseline itself."""
    ALL = "all"
    """Every model: for those that share a GPU or a network behind different addresses."""


class GuardSettings(BaseModel):
    """Shadow calls stop while users wait longer for the baseline than they used to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: GuardScope = GuardScope.OFF
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Of the time to the first byte of the baseline's answers to users."""
    rise: Annotated[float, Field(gt=1)] = 2.0
    """Such a multiple of what it was stops the calls."""
    resume_rise: Annotated[float, Field(ge=1)] = 1.3
    """Below such a multiple they go on."""
    recent_seconds: Annotated[float, Field(gt=0)] = 20.0
    """Half-life of what counts as now."""
    earlier_seconds: Annotated[float, Field(gt=0)] = 1800.0
    """Half-life of what counts as before; it stands still while the calls are stopped."""
    answers_min: Annotated[int, Field(ge=5)] = 30
    """Answers that both must hold before anything is compared."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.resume_rise >= self.rise:
            msg = f"resume_rise ({self.resume_rise:g}) must be below rise ({self.rise:g})"
            raise ValueError(msg)
        return self


class Mirrored(enum.StrEnum):
    """What is done with a kind of request that could have effects beyond its answer."""

    COMPARE = "compare"
    """It is mirrored, and what both models propose is compared; nothing is ever executed."""
    SKIP = "skip"


class SideEffectSettings(BaseModel):
    """
    Which requests are never mirrored.

    Two kinds never are, and there is no key for them: writes (any method but POST and GET), and
    tools that the model's server would run by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: Mirrored = Mirrored.COMPARE
    """Requests that offer tools."""
    agent_turns: Mirrored = Mirrored.SKIP
    """Requests that bring back a tool's result: turns of an agent."""


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
    side_effects: SideEffectSettings = SideEffectSettings()
    latency_guard: GuardSettings = GuardSettings()
    sample_ratio_alpha: Annotated[float, Field(gt=0, lt=1)] = 0.001
    """Probability of a false warning that users are not split as the weight says."""
