"""The ladder: stages, weights, dwell times, minimum pairs; and which phases are asked for."""

from __future__ import annotations

import enum

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Gate(enum.StrEnum):
    """Whether a phase before the shadow is gone through."""

    SKIP = "skip"
    REQUIRE = "require"


class StageSettings(BaseModel):
    """One rung."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    percent: Annotated[float, Field(gt=0, le=100)]
    """Share of the route's traffic; down to a hundredth of a percent."""
    min_pairs: Annotated[int, Field(ge=0)] = 200
    """Pairs that must be scored in this stage before the next climb."""
    min_dwell_seconds: Annotated[float, Field(ge=0)] = 600.0
    approval: bool = False
    """A person has to agree before this stage is climbed to (`shadowmon approve`)."""


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class WindowSettings(BaseModel):
    """Hours of the week in which a rollout may climb; it may always go down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
    begin: str = Field(default="09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(default="17:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")
    zone: str = "UTC"
    """An IANA name, such as Europe/Berlin."""

    @model_validator(mode="after")
    def _is_a_stretch(self) -> Self:
        if self.begin >= self.end:
            msg = f"begin ({self.begin}) must be before end ({self.end}): a night is two windows"
            raise ValueError(msg)
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            msg = f"zone ({self.zone}) is no time zone known here: give an IANA name, or UTC"
            raise ValueError(msg) from error
        return self


class ReviewSettings(BaseModel):
    """Side by side: which answers people compare, and when they have said enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: str
    """The path of recorded pairs with questions (JSON lines, as `shadowmon replay` reads them)."""
    margin: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """By how much less than half of the time the optimized model may be preferred."""
    preferences: Annotated[int, Field(ge=100)] = 100
    """Comparisons that are asked for at least."""
    votes_per_task: Annotated[int, Field(ge=1, le=25)] = 1
    """People who compare the same two answers before they count, as their mean."""
    overlap: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of tasks that one more person compares, to see how far people agree."""
    experts: dict[str, tuple[str, ...]] = {}
    """Slice -> the only reviewers who may compare what is in it."""


class RolloutSettings(BaseModel):
    """Settings of rollout/, for one trial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: Gate = Gate.SKIP
    side_by_side: Gate = Gate.SKIP
    skip_reason: str = "skipped by configuration"
    """Written into the journal for each phase that is skipped."""
    shadow_min_pairs: Annotated[int, Field(ge=0)] = 200
    shadow_min_dwell_seconds: Annotated[float, Field(ge=0)] = 600.0
    stages: tuple[StageSettings, ...] = (
        StageSettings(percent=1),
        StageSettings(percent=10),
        StageSettings(percent=50),
        StageSettings(percent=100),
    )
    cooldown_seconds: Annotated[float, Field(ge=0)] = 1800.0
    """After a step down: no move but to zero."""
    windows: tuple[WindowSettings, ...] = ()
    """When it may climb. None: always."""
    climb: bool = True
    """False: judge and report, but never raise the weight."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        weights = [stage.percent for stage in self.stages]
        if not weights or weights[-1] != 100 or weights != sorted(set(weights)):  # noqa: PLR2004
            msg = f"stages must rise and end at 100 percent, found {weights}"
            raise ValueError(msg)
        return self
