"""
Pairs are counted in the order in which their exchanges came, however long each of them took.

A pair is known when the slower of two answers is, and assessed. Where bad answers are the quick
ones (a refusal takes no time), all that is known of a trial's first seconds is bad; where they are
the slow ones (a timeout, an answer without an end), all is good. To count pairs as they come
therefore proves what is false (docs/statistics.md, "Pairs of unequal speed"). So an exchange takes
a turn before anything is asked, and what was found of it waits until all that came before it, on
its route, is counted.

Rule 1: whoever waits for more than `patience` is counted: one call that hangs must not keep a
roll-back from being decided for as long as a call may hang. What came too late for its turn is
counted when it comes.
Rule 2: bounded: with more than `waiting_max` turns on a route the oldest is not waited for.
Rule 3: a turn that ends without a pair keeps nobody waiting.

Not thread-safe: one event loop owns it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from shadowmon.clock import Clock
from shadowmon.records import Pair, RouteName, SliceName, TrialId


WAITING_MAX = 20_000

Counting: TypeAlias = Callable[[], None]
"""Counts one pair. It must not raise: it may be another exchange that makes it run."""


@dataclass(slots=True, eq=False)
class Turn:
    """One exchange's place in the line."""

    taken_at: float
    is_over: bool = False
    """Is all known that will be?"""
    _is_passed: bool = False
    """Is it its turn, or was it?"""
    _countings: list[Counting] = field(default_factory=list)

    def count(self, counting: Counting) -> None:
        """Count so when it is this exchange's turn."""
        if self._is_passed:
            counting()
        else:
            self._countings.append(counting)

    def come(self) -> None:
        """It is this exchange's turn."""
        self._is_passed = True
        for counting in self._countings:
            counting()
        self._countings.clear()


class Turns:
    """The lines of all routes."""

    def __init__(
        self, clock: Clock, *, patience_seconds: float, waiting_max: int = WAITING_MAX
    ) -> None:
        """
        Begin with nobody in line.

        Args:
            clock: Says how long somebody waited.
            patience_seconds: How long others wait for an exchange at most; 0: not at all.
            waiting_max: Exchanges that may be in one line.

        """
        self._clock = clock
        self._patience = patience_seconds
        self._waiting_max = waiting_max
        self._lines: defaultdict[RouteName, deque[Turn]] = defaultdict(deque)

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    @contextmanager
    def turn(self, route: RouteName) -> Iterator[Turn]:
        """Take a turn, in the order of these calls; it is over when the block is left."""
        line, mine = self._lines[route], Turn(taken_at=self._clock.monotonic())
        line.append(mine)
        try:
            yield mine
        finally:
            mine.is_over = True
            self._go_on(line)

    def go_on(self) -> None:
        """Count whatever need not wait any more."""
        for line in self._lines.values():
            self._go_on(line)

    def end(self) -> None:
        """Count all that is known, as before a stop."""
        for line in self._lines.values():
            while line:
                line.popleft().come()

    def _go_on(self, line: deque[Turn]) -> None:
        late = self._clock.monotonic() - self._patience
        while line and (
            line[0].is_over or line[0].taken_at <= late or len(line) > self._waiting_max
        ):
            line.popleft().come()


# --- what is kept of a pair meanwhile --------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """What a pair is counted under: while it waits its answers need not be kept."""

    trial_id: TrialId
    epoch: int
    stage: int
    rate: int
    slices: frozenset[SliceName]
    cluster: str


def whose(pair: Pair) -> Whose:
    """Return what a pair is counted under."""
    return Whose(
        trial_id=pair.trial_id,
        epoch=pair.epoch,
        stage=pair.stage,
        rate=pair.rate,
        slices=pair.slices,
        cluster=pair.cluster,
    )
