"""When a rule decided what, in many streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions.table import NEVER


Times: TypeAlias = NDArray[np.int64]
"""One of each stream: after how many requests; NEVER if not within it."""

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decided:
    """The first decision of each stream; whichever came first ends it."""

    promoted: Times
    taken: Times
    """When all weight was taken away."""

    @property
    def promotes(self) -> Flags:
        """Return which streams were promoted."""
        return self.promoted < self.taken

    @property
    def takes(self) -> Flags:
        """Return which streams lost all weight; of both at once it is this one."""
        return (self.taken <= self.promoted) & (self.taken < NEVER)

    @property
    def times(self) -> Times:
        """Return when each stream was decided."""
        return np.minimum(self.promoted, self.taken)


def first(flags: Flags) -> NDArray[np.int64]:
    """Return the place, from 1, of the first True in each row; NEVER if there is none."""
    return np.where(flags.any(axis=1), flags.argmax(axis=1) + 1, NEVER)


def nth(flags: Flags, count: int) -> NDArray[np.int64]:
    """Return the place, from 1, of the count-th True in each row; NEVER if there are fewer."""
    return first(flags.cumsum(axis=1) >= count)


def in_requests(checks: NDArray[np.int64], requests_per_check: int) -> Times:
    """Turn numbers of checks into numbers of requests."""
    return np.where(checks < NEVER, checks * requests_per_check, NEVER)
