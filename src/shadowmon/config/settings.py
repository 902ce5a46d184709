"""The one settings tree; composes each room's own, and holds the daemon's few."""

from __future__ import annotations

import enum

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.assessors.settings import AssessorsSettings
from shadowmon.console.settings import ConsoleSettings
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.mirror.settings import MirrorSettings, ModelSettings
from shadowmon.policy.settings import PolicySettings, Task
from shadowmon.proxy.settings import ProxySettings
from shadowmon.rollout.settings import RolloutSettings
from shadowmon.scoring.settings import ScoringSettings
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


class TrialSettings(BaseModel):
    """One optimized model against its route's baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: str
    optimized: str
    """Name of the model on trial."""
    task: Task = Task.CUSTOM
    version: str = "1"
    """Change it when the optimized model changes: another model needs evidence of its own."""
    labels: LabelSettings = LabelSettings()
    scorers: tuple[str, ...] = ()
    """None named: by the task."""
    actuator: str = "proxy"
    """What moves the traffic: `proxy` (our own), or `dry_run` (judge and journal, move nothing)."""
    policy: PolicySettings = PolicySettings()
    rollout: RolloutSettings | None = None
    """None: the top-level `rollout`."""


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
    telemetry: TelemetrySettings = TelemetrySettings()
    console: ConsoleSettings = ConsoleSettings()
    daemon: DaemonSettings = DaemonSettings()
