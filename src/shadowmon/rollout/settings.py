"""The ladder: stages, weights, dwell times, minimum pairs; and which phases are asked for."""

from __future__ import annotations

import enum

from typing import Annotated, Self

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
    climb: bool = True
    """False: judge and report, but never raise the weight."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        weights = [stage.percent for stage in self.stages]
        if not weights or weights[-1] != 100 or weights != sorted(set(weights)):  # noqa: PLR2004
            msg = f"stages must rise and end at 100 percent, found {weights}"
            raise ValueError(msg)
        return self
