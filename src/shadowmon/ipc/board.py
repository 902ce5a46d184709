"""
One page of shared memory that all processes of a daemon read and write without waiting.

The control process writes each trial's weight, epoch and stage; data-plane workers read the weight
for every request, and keep their counters in a slot of their own. Whoever dies leaves the page as
it is: a data plane without a control process goes on with the last weights.

Rule 1: every cell has one writer (the supervisor clears a slot before it hands it to a new worker).
Rule 2: a cell is eight aligned bytes, so that a reader never sees half a write.
Rule 3: nothing is ever removed from the layout while a daemon runs; a reload starts a new page.
"""

from __future__ import annotations

import enum
import mmap
import os

from bisect import bisect_left
from collections.abc import Sequence

from shadowmon.records import Weight


TRIALS_MAX = 64
WORKERS_MAX = 16

USER_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
"""Upper bounds of the buckets of users' answer times; one more bucket has no bound."""

LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets of how late an event loop woke up; one more bucket has no bound."""


class Head(enum.IntEnum):
    """Cells that belong to the whole daemon."""

    CONTROL_LIFE = 0
    """Grows by one with each start of the control process: scoring workers then report in full."""
    CONTROL_RESTARTS = 1
    SCORING_RESTARTS = 2
    PROXY_RESTARTS = 3
    RELOAD_DONE_AT = 4
    """Seconds since the epoch; written by whoever read the configuration."""
    RELOAD_REFUSED_AT = 5


class TrialCell(enum.IntEnum):
    """Cells of one trial; written by the control process."""

    WEIGHT = 0
    EPOCH = 1
    STAGE = 2
    ACTIVE = 3
    """1 while the trial's pairs are wanted; a trial that was rolled back costs no calls."""


class Count(enum.IntEnum):
    """Counters of one data-plane worker, in the order of a request's life."""

    CONNECTIONS = 0
    """Accepted."""
    CONNECTIONS_REFUSED = 1
    """Closed at once: too many were open."""
    SEEN = 2
    """Whole request heads."""
    MALFORMED = 3
    """Refused with a 4xx or 5xx of our own because of how they were framed."""
    UNROUTED = 4
    """On no route with a trial: served, never mirrored."""
    SAMPLED_OUT = 5
    HANDED_OVER = 6
    SHED = 7
    """The hand-over was full."""
    OVERSIZE = 8
    """Larger than the tee keeps."""
    TEE_FULL = 9
    """The worker held too many bodies already."""
    TUNNELLED = 10
    """Upgraded connections: never mirrored."""
    CLIENT_GONE = 11
    TRUNCATED = 12
    """Answers that the model server cut short."""
    UPSTREAM_FAILED = 13
    """Users that got a 502 or 504 of our own."""
    RETRIED = 14
    """Sent again after a reused connection turned out dead."""
    FELL_BACK = 15
    """Served by the baseline after the optimized model failed before its first byte."""
    CONNECTIONS_CLOSED = 16
    NOT_KEPT = 17
    """Requests that could not be kept to be sent again: the worker kept too many already."""
    RESTED = 18
    """Times that an address of a model began to rest after failing again and again."""
    DETOURED = 19
    """Times that a request went on to a further address, for one took no connection."""
    LOG_DROPPED = 20
    """Lines of the access log that were not written: too many waited."""
    HANDSHAKE_FAILED = 21
    """Connections that ended in TLS's own beginning."""


_HEAD = 16
_TRIAL = 4
_COUNTS = 32
_BUCKETS = len(USER_SECONDS) + 1
_ARMS = 2
_PER_TRIAL = 2
_LAGS = len(LAG_SECONDS) + 1
# A worker's slot: counters; for each arm its buckets and the sum of microseconds; for each trial
# the requests it served and the ones that fell back; of the event loop's lag the buckets and the
# sum of microseconds; when the worker last said that it lives.
_LAG_AT = _COUNTS + _ARMS * (_BUCKETS + 1) + TRIALS_MAX * _PER_TRIAL
_ALIVE_AT = _LAG_AT + _LAGS + 1
_SLOT = _ALIVE_AT + 1
_CELLS = _HEAD + TRIALS_MAX * _TRIAL + WORKERS_MAX * _SLOT


class Board:
    """The page, as seen by one process."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, _CELLS * 8)
        self.cells = memoryview(self._map).cast("Q")

    @classmethod
    def create(cls) -> Board:
        """Make a new page of zeros; its file descriptor may be handed to child processes."""
        fd = os.memfd_create("shadowmon-board")
        os.ftruncate(fd, _CELLS * 8)
        return cls(fd)

    def close(self) -> None:
        """Let go of the page; other processes keep theirs."""
        self.cells.release()
        self._map.close()
        os.close(self.fd)

    # --- the whole daemon ---

    def head(self, cell: Head) -> int:
        """Read a cell of the daemon."""
        return self.cells[cell]

    def set_head(self, cell: Head, value: int) -> None:
        """Write a cell of the daemon."""
        self.cells[cell] = value

    def add_head(self, cell: Head) -> None:
        """Add one to a cell of the daemon."""
        self.cells[cell] += 1

    # --- trials: written by control ---

    def trial(self, trial: int, cell: TrialCell) -> int:
        """Read a trial's cell. `trial` is its place in the configuration."""
        return self.cells[_trial_at(trial) + cell]

    def set_trial(self, trial: int, cell: TrialCell, value: int) -> None:
        """Write a trial's cell."""
        self.cells[_trial_at(trial) + cell] = value

    def weight(self, trial: int) -> Weight:
        """Read a trial's weight in basis points."""
        return Weight(self.cells[_HEAD + trial * _TRIAL])

    # --- workers: each writes its own slot ---

    def slot(self, worker: int) -> Slot:
        """Return a worker's own counters."""
        return Slot(self.cells, _HEAD + TRIALS_MAX * _TRIAL + worker * _SLOT)


class Slot:
    """
    One data-plane worker's counters.

    They outlive the worker: whoever takes its place goes on counting from there, so that a sum
    over the slots never falls.
    """

    __slots__ = ("_at", "_cells")

    def __init__(self, cells: memoryview[int], at: int) -> None:
        self._cells = cells
        self._at = at

    def add(self, count: Count, by: int = 1) -> None:
        """Count."""
        self._cells[self._at + count] += by

    def count(self, count: Count) -> int:
        """Read a counter."""
        return self._cells[self._at + count]

    def add_answer(self, arm: int, seconds: float) -> None:
        """Count one answer that a user got. `arm` is 0 for a baseline, 1 for an optimized model."""
        at = self._at + _COUNTS + arm * (_BUCKETS + 1)
        self._cells[at + bisect_left(USER_SECONDS, seconds)] += 1
        self._cells[at + _BUCKETS] += int(seconds * 1e6)

    def answers(self, arm: int) -> tuple[Sequence[int], float]:
        """Return the number of answers in each bucket (not cumulative), and their total seconds."""
        at = self._at + _COUNTS + arm * (_BUCKETS + 1)
        return self._cells[at : at + _BUCKETS].tolist(), self._cells[at + _BUCKETS] / 1e6

    def add_served(self, trial: int) -> None:
        """Count one request that a trial's optimized model was chosen for."""
        self._cells[self._served_at(trial)] += 1

    def served(self, trial: int) -> int:
        """Requests that a trial's optimized model was chosen for."""
        return self._cells[self._served_at(trial)]

    def add_fell_back(self, trial: int) -> None:
        """Count one of them that the baseline served in the end."""
        self._cells[self._served_at(trial) + 1] += 1

    def fell_back(self, trial: int) -> int:
        """Those of them that the baseline served in the end."""
        return self._cells[self._served_at(trial) + 1]

    def add_lag(self, seconds: float) -> None:
        """Count how late the worker's event loop woke up once."""
        at = self._at + _LAG_AT
        self._cells[at + bisect_left(LAG_SECONDS, seconds)] += 1
        self._cells[at + _LAGS] += int(seconds * 1e6)

    def lags(self) -> tuple[Sequence[int], float]:
        """Return how often it was late, by bucket (not cumulative), and the total of seconds."""
        at = self._at + _LAG_AT
        return self._cells[at : at + _LAGS].tolist(), self._cells[at + _LAGS] / 1e6

    def live(self, at: float) -> None:
        """Say that the worker lives; `at` is in seconds since the epoch."""
        self._cells[self._at + _ALIVE_AT] = int(at)

    @property
    def lived_at(self) -> int:
        """Seconds since the epoch when it last said so; 0: never."""
        return self._cells[self._at + _ALIVE_AT]

    def _served_at(self, trial: int) -> int:
        return self._at + _COUNTS + _ARMS * (_BUCKETS + 1) + trial * _PER_TRIAL


def _trial_at(trial: int) -> int:
    if not 0 <= trial < TRIALS_MAX:
        msg = f"trial number ({trial}) must be from 0 to {TRIALS_MAX - 1}"
        raise ValueError(msg)
    return _HEAD + trial * _TRIAL
