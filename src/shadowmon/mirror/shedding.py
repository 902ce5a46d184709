"""
When the mirror is behind: what waits, and what is dropped. Pure.

Whatever comes while the line is full is refused: what has waited is nearest to its turn, and the
newcomer is refused whatever it is, so that neither its length nor its content decides. Shedding
still overweights quiet hours; that is why it is counted.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar


T = TypeVar("T")


class WaitingLine(Generic[T]):
    """
    A bounded line in front of a bounded number of places.

    Invariants: `in_flight` never exceeds `in_flight_max`, `waiting` never exceeds `queue_max`, the
    sizes of what waits never exceed `size_max` together; offered = started + waiting + shed.
    """

    def __init__(self, *, in_flight_max: int, queue_max: int, size_max: int) -> None:
        self._in_flight_max = in_flight_max
        self._queue_max = queue_max
        self._size_max = size_max
        self._size = 0
        self._line: deque[tuple[T, int]] = deque()
        self.in_flight = 0
        self.shed = 0
        """How many were refused."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def offer(self, item: T, *, size: int) -> bool:
        """Let an item wait for its turn; False, and counted, if there is no room."""
        if len(self._line) >= self._queue_max or self._size + size > self._size_max:
            self.shed += 1
            return False
        self._line.append((item, size))
        self._size += size
        return True

    def start(self) -> T | None:
        """Take the item that has waited longest into a free place; None if either is lacking."""
        if not self._line or self.in_flight >= self._in_flight_max:
            return None
        self.in_flight += 1
        item, size = self._line.popleft()
        self._size -= size
        return item

    def finish(self) -> None:
        """Free a place."""
        if not self.in_flight:
            msg = "finish() without a start(): nothing is in flight"
            raise ValueError(msg)
        self.in_flight -= 1
