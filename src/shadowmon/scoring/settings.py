"""Which scorers run, their tolerances, and the processes they run in."""

from __future__ import annotations

import enum

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Scheduling(enum.StrEnum):
    """
    What scorer processes take of a machine that others want, too.

    The idle class (SCHED_IDLE, sched(7)) runs where nobody else wants to, and a CPU that runs
    nothing else counts as idle for those who wake up. On a full machine it does not run.
    """

    NICED = "niced"
    """All of them are niced."""
    ONE_NICED = "one_niced"
    """The first of each scoring worker is niced, so that scoring never stands still; further ones
    are of the idle class."""
    IDLE = "idle"
    """All of them are of the idle class: evidence waits for a machine that has time."""


class ScoringSettings(BaseModel):
    """Settings of scoring/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: Annotated[int, Field(ge=1, le=16)] = 1
    """Scoring workers: each mirrors, and has scorer processes of its own."""
    processes: Annotated[int, Field(ge=1, le=32)] = 1
    """Scorer processes of each scoring worker."""
    batch_max: Annotated[int, Field(ge=1, le=1024)] = 32
    """Pairs that are sent to a scorer process at one time."""
    deadline_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A batch that is not scored by then costs its process its life, and is tried pair by pair.
    Waiting for a CPU does not count."""
    turn_seconds: Annotated[float, Field(ge=0)] = 30.0
    """Pairs are counted in the order in which their exchanges came, for bad answers may be the
    quick ones, or the slow ones. Nobody waits longer than this for a slower one before him
    (docs/statistics.md, "Pairs of unequal speed"). 0: they are counted as they come."""
    memory_max_bytes: Annotated[int, Field(ge=64 * 1024 * 1024)] = 2 * 1024 * 1024 * 1024
    """Address space of a scorer process."""
    nice: Annotated[int, Field(ge=0, le=19)] = 10
    scheduling: Scheduling = Scheduling.ONE_NICED
    """Which scorer processes are niced, and which run only where a CPU has nothing else to do:
    niced, one_niced, idle."""
    unsafe_patterns: tuple[str, ...] = ()
    """Regular expressions; an answer that one of them matches is a safety violation."""
    unsafe_phrases: tuple[str, ...] = ()
    """Words and phrases; found as whole words whatever the case. Each is a safety violation."""
    confirm_patterns: bool = False
    """Count a pattern or phrase found in one model's answer alone only if the moderation endpoint
    flags that answer too; where it has no answer the finding counts (scoring/safety.py)."""
    slow_quantile: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the baseline's latency: what is beyond it counts as `slow`."""
    slow_rise: Annotated[float, Field(ge=0)] = 0.1
    """By how much the optimized model's quantile may be higher before it counts."""
    slow_block: Annotated[int, Field(ge=100)] = 1000
    """Pairs on which the quantile is measured, for the pairs after them."""
    number_tolerance: Annotated[float, Field(ge=0)] = 1e-9
    """Relative difference up to which two numbers in JSON answers are the same."""
    typed_fields: bool = False
    """Is a number written as a string ("9.00") another value than the number, and a date in another
    form another date? As a program would see it; a person would not."""
    fold_strings: bool = True
    """Do case and compatibility forms of a JSON string make no difference? Blanks never do."""
