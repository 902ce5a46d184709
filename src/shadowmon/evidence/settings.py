"""Error rates, and how the bets are laid. See docs/statistics in the README's guarantee."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class DependenceSettings(BaseModel):
    """What is done about pairs that are not independent of one another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clusters: bool = False
    """Count what one user asks as one observation (evidence/clusters.py); the route's sticky key
    says who. Right where users ask in bursts; evidence then waits until a session is over."""
    idle_seconds: Annotated[float, Field(gt=0)] = 30.0
    lasting_seconds: Annotated[float, Field(gt=0)] = 120.0
    length_max: Annotated[int, Field(ge=2, le=1000)] = 20
    open_max: Annotated[int, Field(ge=1)] = 20_000
    temper: bool = True
    """Where the primary metric's pairs, or sessions, are seen to go together, weaken the proof of
    quality by as much (evidence/variance_ratio.py)."""
    temper_at_least: Annotated[float, Field(ge=1, le=1000)] = 1.0
    """Weaken the proof of quality by this much from the first pair on, seen or not. For bursts of
    10 equal pairs it is 10: every limit then takes 10 times as many pairs."""


class EvidenceSettings(BaseModel):
    """Settings of evidence/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha_promote: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Probability of ever climbing while the loss is not acceptable; at every look."""
    alpha_roll_back: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Probability of ever taking all weight away although no limit is crossed, by any rule."""
    alpha_interval: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Two-sided level of the intervals that are shown. They decide nothing."""
    floor_lean: Annotated[float, Field(ge=0, le=1)] = 0.3
    """How far the noise floor's correction leans on the pairs without a second baseline answer
    (evidence/floor.py). It only tunes: a wrong figure costs pairs, never validity."""
    dependence: DependenceSettings = DependenceSettings()
    restart_pairs: Annotated[int, Field(ge=16)] = 256
    """The restart chain begins a fresh bet after every so many pairs of a cell (sudden change)."""
    alarm_pairs: Annotated[int, Field(ge=1_000)] = 1_000_000
    """The pager's alarm is false once in so many pairs of a cell, or more seldom: a mean time, no
    error probability, and it decides nothing (evidence/alarm.py)."""
    assumed_noise: Annotated[float, Field(gt=0, le=1)] = 0.03
    """Share of pairs in which one model is right and the other wrong though neither is better. It
    only tunes the bets: a wrong figure costs pairs, never validity."""
    assumed_distance: Annotated[float, Field(gt=0, le=1)] = 1.0
    """How far apart two answers are that differ at all, in a divergence; 1: nothing in common."""
    assumed_error_noise: Annotated[float, Field(gt=0, le=1)] = 0.002
    """The noise of errors, and of whatever else is judged by an absolute rise."""
