"""Who is told of what, and where. Nobody by default."""

from __future__ import annotations

import enum
import ipaddress

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


_URL = r"^https?://[^/@]+(/.*)?$"
_LABEL = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


class Topic(enum.StrEnum):
    """What a message is about."""

    STAGE_ENTERED = "rollout.stage_entered"
    PROMOTED = "rollout.promoted"
    STEPPED_DOWN = "rollout.stepped_down"
    ROLLED_BACK = "rollout.rolled_back"
    RE_ARMED = "rollout.re_armed"
    PHASE_ENTERED = "rollout.phase_entered"
    WEIGHT_DRIFTED = "rollout.weight_drifted"
    WEIGHT_REJECTED = "actuator.weight_rejected"
    ALARM_RAISED = "evidence.alarm_raised"
    REVIEW_WANTED = "policy.review_wanted"
    """The loss is worse than acceptable, or near it: a person decides."""
    GATE_JUDGED = "policy.gate_judged"
    OPERATOR_ASKED = "console.operator_asked"
    CONFIG_CHANGED = "config.changed"


class _Addressed(BaseModel):
    """What every receiver of messages has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(default=None, pattern=_URL)
    url_file: Path | None = None
    """Holds the address, where the address itself is the secret."""
    topics: tuple[Topic, ...] = ()
    """None named: all of them."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            msg = "give url or url_file, one of them"
            raise ValueError(msg)
        return self


class Body(enum.StrEnum):
    """How a webhook's message is written."""

    STANDARD = "standard"
    """{type, timestamp, data}, as Standard Webhooks recommends."""
    CLOUDEVENTS = "cloudevents"
    """A CloudEvent 1.0 in structured mode (application/cloudevents+json)."""


class WebhookReceiver(_Addressed):
    """A program that is told by POST, signed as Standard Webhooks says."""

    body: Body = Body.STANDARD
    secret_files: tuple[Path, ...] = ()
    """Each holds a secret, `whsec_` and base64; two of them while one is being exchanged. None: the
    messages are not signed."""
    bearer_token_file: Path | None = None


class SlackReceiver(_Addressed):
    """A channel behind an incoming webhook of Slack's, or of whatever takes the same body."""


class AlertmanagerSettings(BaseModel):
    """
    Alertmanagers that are told, over their API v2, what is firing, while it is.

    Beside Prometheus' own rules, which are the main road: this one works while Prometheus is down.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: Annotated[
        tuple[Annotated[str, Field(pattern=_URL)], ...], Field(min_length=1, max_length=16)
    ]
    """Every one of them, and no balancer: they sort out duplicates among themselves. Each is
    counted by its host and port."""
    labels: dict[Annotated[str, Field(pattern=_LABEL)], str] = {}
    """Put on every alert. The same on every replica, or duplicates are not recognised."""
    bearer_token_file: Path | None = None
    resend_seconds: Annotated[float, Field(ge=1, le=300)] = 60.0
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0


class NotifySettings(BaseModel):
    """Settings of notify/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhooks: dict[Name, WebhookReceiver] = {}
    slack: dict[Name, SlackReceiver] = {}
    alertmanager: AlertmanagerSettings | None = None
    public_only: bool = False
    """Connect to no loopback or private address either; link-local ones, where clouds hand out
    credentials, are refused in any case."""
    allow: tuple[str, ...] = ()
    """Networks, such as 10.1.0.0/16, that may be connected to whatever else is said of them."""
    give_up_seconds: Annotated[float, Field(gt=0)] = 3 * 86_400.0
    """A message that is older is tried no more: it becomes a dead letter."""
    dead_max: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Dead letters that are kept for each receiver, the newest ones."""

    @field_validator("allow")
    @classmethod
    def _are_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            try:
                ipaddress.ip_network(text)
            except ValueError:
                msg = f"{text!a} is no network: write it like 10.1.0.0/16"
                raise ValueError(msg) from None
        return given
