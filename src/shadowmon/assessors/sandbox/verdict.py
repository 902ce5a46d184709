"""What came of a run, and how far it may go."""

from __future__ import annotations

import enum

from dataclasses import dataclass


class Verdict(enum.StrEnum):
    """What came of running a program."""

    PASSED = "passed"
    """It came to its end, and said so with the word that only then is told."""
    FAILED = "failed"
    """It raised."""
    ENDED = "ended"
    """Its process ended before it: an exit, a crash, a kill."""
    TIMEOUT = "timeout"
    FLOODED = "flooded"
    """It wrote more than it may."""
    STARVED = "starved"
    """The machine kept it from running: nobody can say what it would have done in its time."""
    NOT_STARTED = "not_started"
    """The sandbox did not come up."""

    @property
    def is_about_the_program(self) -> bool:
        """Whether it tells something of the program, and not of the machine or the sandbox."""
        return self not in {Verdict.STARVED, Verdict.NOT_STARTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far one run may go."""

    timeout_seconds: float
    """By the wall clock, from the program's first instruction."""
    memory_max_bytes: int
    """Address space of each of its processes."""
    output_max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run."""

    verdict: Verdict
    error: str = ""
    """The class of what it raised; of a run that did not start, why, in words."""
    seconds: float = 0.0
    """From the order until the last of its processes was dead."""
