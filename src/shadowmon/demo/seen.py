"""
Did users get what the daemon says they got? Counted by the load generator alone; no I/O.

While a weight w is applied, each of n requests comes from one of U users, drawn with replacement,
and each user was put on one side of w by a hash. So the share that the optimized model answered has

    mean w,  variance w (1 - w) (1/n + 1/U):

the draw of requests, plus the chance split of the finite population. Three standard errors are
allowed. At 0 and 1 the variance is nothing and the share must be exact.
"""

from __future__ import annotations

import math

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadowmon.demo.journal import Line
from shadowmon.demo.load import Asked


STANDARD_ERRORS = 3.0
EXPECTED_MIN = 5.0
"""
A share is judged once so many answers are expected of the rarer model: with fewer, the binomial law
is too lopsided for standard errors to mean what they say.
"""
GUARD_SECONDS = 0.25
"""Requests sent this close to a change of weight are not counted: they may have met either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time in which one trial's weight stood still."""

    trial: str
    weight: float
    """Share of traffic, 0 to 1, as the journal says it was applied."""
    begins: float
    """Seconds since 1970; requests sent from here on count."""
    ends: float
    """Requests sent from here on do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What users got in one window."""

    window: Window
    asked: int
    """Requests that got any answer."""
    answered: int
    """Of these, by the optimized model."""
    standard_error: float

    @property
    def share(self) -> float:
        """Observed share of the optimized model; NaN if nobody asked."""
        return self.answered / self.asked if self.asked else math.nan

    @property
    def is_judged(self) -> bool:
        """Did enough users come by to say anything?"""
        rarer = min(self.window.weight, 1 - self.window.weight)
        return self.asked > 0 and (rarer == 0 or rarer * self.asked >= EXPECTED_MIN)

    @property
    def holds(self) -> bool:
        """Is the share what was applied, within three standard errors? True if it is not judged."""
        if not self.is_judged:
            return True
        return abs(self.share - self.window.weight) <= STANDARD_ERRORS * self.standard_error


def windows(lines: Iterable[Line], *, trial: str, until: float) -> list[Window]:
    """
    Return when which weight was applied, from the journal, in order.

    Args:
        lines: The journal, oldest first.
        trial: Whose weight; the trial is named as its optimized model.
        until: When the last window ends, in seconds since 1970.

    """
    found: list[Window] = []
    weight, begins = 0.0, None
    for line in lines:
        if line.trial != trial:
            continue
        at = line.at.timestamp()
        if line.kind in {"stage_entered", "weight_applied"} and begins is not None:
            found += _window(trial, weight, begins, at)
            begins = None
        if line.kind == "weight_applied":
            weight, begins = line.data["weight"] / 10_000, at
    if begins is not None:
        found += _window(trial, weight, begins, until)
    return found


def _window(trial: str, weight: float, begins: float, ends: float) -> list[Window]:
    begins, ends = begins + GUARD_SECONDS, ends - GUARD_SECONDS
    return [Window(trial=trial, weight=weight, begins=begins, ends=ends)] if begins < ends else []


def count(window: Window, asked: Sequence[Asked], *, users: int) -> Seen:
    """Count who answered in a window; `asked` is in the order of `sent_at`."""
    first = bisect_left(asked, window.begins, key=_sent_at)
    last = bisect_left(asked, window.ends, key=_sent_at)
    versions = [each.version for each in asked[first:last] if each.version]
    return Seen(
        window=window,
        asked=len(versions),
        answered=versions.count(window.trial),
        standard_error=standard_error(window.weight, asked=len(versions), users=users),
    )


def _sent_at(asked: Asked) -> float:
    return asked.sent_at


def standard_error(weight: float, *, asked: int, users: int) -> float:
    """Return the standard deviation of the observed share; 0 if nobody asked."""
    if not asked:
        return 0.0
    return math.sqrt(weight * (1 - weight) * (1 / asked + 1 / users))
