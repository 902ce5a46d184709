"""The one settings tree; composes each room's own, and holds the daemon's few."""

from __future__ import annotations

import enum

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shadowmon.assessors.settings import AssessorsSettings
from shadowmon.console.settings import ConsoleSettings
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.mirror.settings import MirrorSettings, ModelSettings
from shadowmon.notify.settings import NotifySettings
from shadowmon.policy.settings import PolicySettings, Task
from shadowmon.proxy.settings import ProxySettings
from shadowmon.rollout.settings import ReviewSettings, RolloutSettings
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.truth import BY_TASK, Truth
from shadowmon.store.settings import StoreSettings
from shadowmon.telemetry.settings import TelemetrySettings
from shadowmon.traffic.settings import RouteSettings, TrafficSettings


NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
Name = Annotated[str, Field(pattern=NAME)]


class LabelCoverage(enum.StrEnum):
    """Which exchanges are told the truth about later."""

    NONE = "none"
    SOME = "some"
    """Those without a label are left out: right only if labels are not given by outcome."""
    ALL = "all"
    """One without a label at maturity counts against whichever claim it could help."""


class LabelSettings(BaseModel):
    """Truth that comes later, over POST /api/v1/labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expected: LabelCoverage = LabelCoverage.NONE
    maturity_seconds: Annotated[float, Field(gt=0)] = 3600.0
    """A pair is counted once, this long after its request, with whatever label it has by then:
    counting labels as they come would favour whichever comes sooner."""
    compare: Truth | None = None
    """How an answer is held against its label. None: by the task."""
    classes: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    """Labels of which is told on their own how often each model calls them and, once labels come,
    precision, recall and F1."""


class TrialSettings(BaseModel):
    """One optimized model against its route's baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: str
    optimized: str
    """Name of the model on trial."""
    task: Task
    """What the models are for. It chooses what is measured, and how much loss is acceptable: a
    guess would hold answers to another task's limit. `custom` measures text and JSON fields."""
    version: str = "1"
    """Change it when the optimized model changes: another model needs evidence of its own."""
    labels: LabelSettings = LabelSettings()
    scorers: tuple[str, ...] = ()
    """None named: by the task."""
    actuator: str | dict[str, Any] = "dry_run"
    """What moves the traffic: a word, or {type: <word>, …} with the actuator's own settings. They
    are `proxy` (our own) and `dry_run` (judge and journal, move nothing), which need none; envoy,
    gateway_api, istio, kserve, haproxy, nginx, openfeature, webhook, exec, or a plugin's."""
    policy: PolicySettings = PolicySettings()
    rollout: RolloutSettings | None = None
    """None: the top-level `rollout`."""
    review: ReviewSettings | None = None
    """For `rollout.side_by_side: require`: the comparisons that shadowmon hands out itself."""

    @field_validator("actuator", mode="before")
    @classmethod
    def _names_a_type(cls, given: object) -> object:
        if not isinstance(given, str | dict):
            msg = "must be a word, or a mapping with a key `type`"
            raise ValueError(msg)  # noqa: TRY004 - pydantic's way to complain
        if isinstance(given, dict) and not isinstance(given.get("type"), str):
            msg = "needs a key `type` that says what moves the traffic"
            raise ValueError(msg)  # noqa: TRY004 - pydantic's way to complain
        return given

    @property
    def actuator_type(self) -> str:
        """The word that says what moves the traffic."""
        return self.actuator if isinstance(self.actuator, str) else str(self.actuator["type"])

    @property
    def actuator_options(self) -> dict[str, Any]:
        """What is set of it; checked by the actuator's own `Settings`."""
        given = {} if isinstance(self.actuator, str) else self.actuator
        return {key: value for key, value in given.items() if key != "type"}

    @property
    def truth(self) -> Truth:
        """How its answers are held against labels."""
        return self.labels.compare or BY_TASK.get(self.task.value, Truth.WORD)


class DaemonSettings(BaseModel):
    """The shell's own few. They live here because config lies below daemon."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    """How often evidence is judged and weights are compared."""
    flush_seconds: Annotated[float, Field(gt=0, le=60)] = 0.5
    """How often a scoring worker reports what it counted."""
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 20.0
    """How long requests under way may still take at shutdown."""


class Settings(BaseModel):
    """Everything that can be configured, in flow order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Annotated[dict[Name, ModelSettings], Field(max_length=64)]
    routes: Annotated[dict[Name, RouteSettings], Field(max_length=64)]
    trials: Annotated[dict[Name, TrialSettings], Field(max_length=64)] = {}
    traffic: TrafficSettings = TrafficSettings()
    proxy: ProxySettings = ProxySettings()
    mirror: MirrorSettings = MirrorSettings()
    assessors: AssessorsSettings = AssessorsSettings()
    scoring: ScoringSettings = ScoringSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    rollout: RolloutSettings = RolloutSettings()
    store: StoreSettings = StoreSettings()
    notify: NotifySettings = NotifySettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    console: ConsoleSettings = ConsoleSettings()
    daemon: DaemonSettings = DaemonSettings()
