"""How much loss each task tolerates, and the red lines: data, never code strings."""

from __future__ import annotations

import enum

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.records import Contrast


class Task(enum.StrEnum):
    """What the models are for; it selects the defaults."""

    CLASSIFICATION = "classification"
    SUMMARIZATION = "summarization"
    CHAT = "chat"
    CODE = "code"
    MATH = "math"
    CRITICAL = "critical"
    EXTRACTION = "extraction"
    EMBEDDING = "embedding"
    RANKING = "ranking"
    CUSTOM = "custom"


ACCEPTABLE_LOSS: dict[Task, float] = {
    Task.CLASSIFICATION: 0.05,
    Task.SUMMARIZATION: 0.04,
    Task.CHAT: 0.03,
    Task.CODE: 0.01,
    Task.MATH: 0.01,
    Task.CRITICAL: 0.005,
    Task.EXTRACTION: 0.02,
    Task.EMBEDDING: 0.02,
    Task.RANKING: 0.02,
    Task.CUSTOM: 0.02,
}
"""Relative drop of the primary quality metric; a divergence where there is no truth."""

PRIMARY = "primary"
"""In a rule: whatever metric is primary for the trial."""

EDGE = "edge"
"""In a rule: each slice that is marked as an edge case."""


class RedLineSettings(BaseModel):
    """A bound whose proven breach takes all weight away at once and needs a person to re-arm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    metric: str = PRIMARY
    """A metric's name, or `primary`."""
    slice: str = "all"
    """A slice's name, `all`, or `edge`: each edge-case slice on its own."""
    contrast: Contrast | None = None
    """None: what suits the metric (relative drop of a good rate, mean of a divergence)."""
    limit: Annotated[float, Field(ge=0, le=10)]
    tasks: tuple[Task, ...] = ()
    """Armed for these tasks only; none means all."""
    armed: bool = True


RED_LINES: tuple[RedLineSettings, ...] = (
    RedLineSettings(name="core_quality", limit=0.05),
    RedLineSettings(name="error_rate", metric="error", contrast=Contrast.RELATIVE_RISE, limit=0.10),
    RedLineSettings(name="safety", metric="unsafe", contrast=Contrast.ANY_RISE, limit=0.0),
    RedLineSettings(name="edge_slice", slice=EDGE, limit=0.20),
    RedLineSettings(name="code_correctness", limit=0.02, tasks=(Task.CODE,)),
    RedLineSettings(name="factual_accuracy", limit=0.03, armed=False),
)
"""Four always, two in context: `factual_accuracy` is to be armed where accuracy is what is sold."""


class Safety(enum.StrEnum):
    """What an unsafe answer of the optimized model alone does."""

    ANY = "any"
    """The first one takes all weight away. No test at a level: see its false-stop probability."""
    HOLD = "hold"
    """The first one stops every climb of this epoch, and pages."""
    EVIDENCE = "evidence"
    """Only a proven rise takes weight away (about five against none)."""


class RequiredSettings(BaseModel):
    """A further metric that must be proven acceptable before every climb."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    slice: str = "all"
    contrast: Contrast | None = None
    acceptable: Annotated[float, Field(gt=0, le=1)]


class OnComplaints(enum.StrEnum):
    """What users' complaints ask of a climb."""

    UNLESS_INCREASED = "unless_increased"
    """It waits once more complaints than are tolerated are proven."""
    ONCE_DISPROVED = "once_disproved"
    """It waits until it is proven that there are not: as many complaints as that takes."""


class FeedbackSettings(BaseModel):
    """Complaints over POST /api/v1/feedback, judged anew at each stage that serves users."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rise: Annotated[float, Field(ge=0, le=10)] = 0.1
    """By how much the optimized model's complaint rate may be higher than the baseline's: 0.1 is
    a tenth."""
    climb: OnComplaints = OnComplaints.UNLESS_INCREASED


class PolicySettings(BaseModel):
    """Settings of policy/, for one trial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    primary: str | None = None
    """The primary metric's name; None: by the task and by whether labels are expected."""
    acceptable: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Acceptable loss of the primary metric; None: by the task."""
    review_factor: Annotated[float, Field(ge=1, le=10)] = 1.5
    """Up to this many times the acceptable loss is borderline; beyond it is rejected."""
    error_rise_acceptable: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Absolute rise of the error rate that a climb tolerates: one percentage point."""
    required: tuple[RequiredSettings, ...] = ()
    safety: Safety = Safety.ANY
    """How the red lines on `any_rise` treat the first violation."""
    red_lines: tuple[RedLineSettings, ...] = RED_LINES
    feedback: FeedbackSettings | None = None
    """None: users' feedback is not asked for, and keeps nothing from climbing."""
