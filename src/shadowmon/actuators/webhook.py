"""
Tell a weight to an address of yours: signed (Standard Webhooks), as plain JSON or as a CloudEvent.

Rule 1: a weight that was not accepted (2xx) is told again, with the same id: whoever receives it
        may get it twice, and can see that.
Rule 2: two messages may still overtake each other on their way. Each tells when it was sent
        (`timestamp`, and the signature's header): one that is older than the newest one taken is
        to be accepted and left alone.
Rule 3: what was accepted is taken to be in effect, unless there is a `read_url` to ask.
"""

from __future__ import annotations

import enum
import secrets

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork

from shadowmon.actuators.actuator import Place
from shadowmon.actuators.files import read_small
from shadowmon.actuators.letting_go import answered
from shadowmon.actuators.told import Subject, weight_in, written
from shadowmon.clock import Clock
from shadowmon.errors import ActuatorError
from shadowmon.outbound.client import HttpAnswer, HttpClient, NoAnswerError
from shadowmon.outbound.reach import Reach
from shadowmon.outbound.signature import parse_secret, signed
from shadowmon.records import Weight


EVENT_TYPE = "shadowmon.weight_wanted"
_URL = r"^https?://[^/@]+(/.*)?$"


class WebhookBody(enum.StrEnum):
    """How a weight is told."""

    STANDARD = "standard"
    """{type, timestamp, data}, as Standard Webhooks recommends."""
    CLOUDEVENTS = "cloudevents"
    """A CloudEvent 1.0 in structured mode (application/cloudevents+json)."""


class WebhookSettings(BaseModel):
    """Settings of `type: webhook`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=_URL)
    """Weights are posted here."""
    read_url: str | None = Field(default=None, pattern=_URL)
    """Asked by GET for the weight in effect, as {"weight": <basis points>}."""
    body: WebhookBody = WebhookBody.STANDARD
    secret_files: tuple[Path, ...] = ()
    """Each holds a secret, `whsec_` and base64; two of them while one is being exchanged. None: the
    weight is not signed."""
    bearer_token_file: Path | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    public_only: bool = False
    """Refuse addresses of private networks, whatever the name in `url` resolves to."""
    allow: tuple[IPvAnyNetwork, ...] = ()
    """Networks that are not refused, whatever they are."""


class Webhook:
    """An actuator that tells somebody else to move the traffic."""

    Settings: ClassVar[type[BaseModel]] = WebhookSettings

    def __init__(self, settings: WebhookSettings, subject: Subject, clock: Clock) -> None:
        self._settings = settings
        self._subject = subject
        self._clock = clock
        self._http = HttpClient(reach=Reach(public_only=settings.public_only, allow=settings.allow))
        self._opened = AsyncExitStack()
        self._wanted: tuple[Weight, str] | None = None
        self._accepted: Weight | None = None

    @classmethod
    def of(cls, settings: WebhookSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        subject = Subject(
            trial_id=place.trial_id,
            route=place.route,
            baseline=place.baseline,
            optimized=place.optimized,
        )
        return cls(settings, subject, place.clock)

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self._http)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        if self._wanted is None or self._wanted[0] != weight:
            self._wanted = (weight, f"weight_{secrets.token_hex(12)}")
        message_id = self._wanted[1]
        now = self._clock.now()
        body = written(self._body(weight, message_id, now))
        headers = {"content-type": self._content_type, **self._authorization()}
        if keys := self._secrets():
            headers |= signed(
                keys, message_id=message_id, timestamp=int(now.timestamp()), body=body
            )
        self._accepted = None
        answer = await answered(self._ask("POST", self._settings.url, headers, body))
        if not answer.is_good:
            msg = f"{self._settings.url} did not accept the weight: {answer.said}"
            raise ActuatorError(msg)
        self._accepted = weight
        self._wanted = None

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        url = self._settings.read_url
        if url is None:
            return self._accepted
        answer = await self._ask("GET", url, self._authorization())
        if not answer.is_good:
            msg = f"{url} does not tell the weight: {answer.said}"
            raise ActuatorError(msg)
        return weight_in(answer.body, url)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpAnswer:
        seconds = self._settings.timeout_seconds
        try:
            return await self._http.ask(
                method, url, headers=headers, body=body, timeout_seconds=seconds
            )
        except NoAnswerError as error:
            raise ActuatorError(str(error)) from None

    @property
    def _content_type(self) -> str:
        standard = self._settings.body is WebhookBody.STANDARD
        return "application/json" if standard else "application/cloudevents+json"

    def _body(self, weight: Weight, message_id: str, now: datetime) -> dict[str, Any]:
        data, at = self._subject.told(weight), now.isoformat().replace("+00:00", "Z")
        if self._settings.body is WebhookBody.STANDARD:
            return {"type": EVENT_TYPE, "timestamp": at, "data": data}
        return {
            "specversion": "1.0",
            "id": message_id,
            "source": f"/shadowmon/trials/{self._subject.trial_id}",
            "type": EVENT_TYPE,
            "time": at,
            "datacontenttype": "application/json",
            "data": data,
        }

    def _authorization(self) -> dict[str, str]:
        path = self._settings.bearer_token_file
        return {} if path is None else {"authorization": f"Bearer {read_small(path, 'the token')}"}

    def _secrets(self) -> list[bytes]:
        found = []
        for path in self._settings.secret_files:
            try:
                found.append(parse_secret(read_small(path, "the secret")))
            except ValueError as error:
                msg = f"the secret in {path} {error}"
                raise ActuatorError(msg) from None
        return found
