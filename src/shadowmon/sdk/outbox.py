"""
Lines that wait to be sent: bounded in number and in bytes, never waited for by whoever puts one in.

The newest is dropped when there is no room: to drop the oldest would tell more of busy hours' ends.
"""

from __future__ import annotations

import threading

from collections import Counter, deque


class Outbox:
    """A queue between the callers' threads and one that sends."""

    def __init__(self, *, lines_max: int, bytes_max: int, batch_max: int) -> None:
        self._lines_max = lines_max
        self._bytes_max = bytes_max
        self._batch_max = batch_max
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._under_way = 0
        self._is_closed = False
        # A lock that its holder may take again: a signal's handler may put a line in too.
        self._changed = threading.Condition(threading.RLock())
        self.counts: Counter[str] = Counter()
        """sent; dropped_full, _busy, _unsendable, _refused, _lost; sampled_out."""

    def __len__(self) -> int:
        return len(self._lines)

    def count(self, what: str, by: int = 1) -> None:
        """Add to a count."""
        with self._changed:
            self.counts[what] += by

    def put(self, line: bytes) -> bool:
        """Put a line in; False if there is no room. Never waits."""
        with self._changed:
            is_full = len(self._lines) >= self._lines_max
            if self._is_closed or is_full or self._size + len(line) > self._bytes_max:
                self.counts["dropped_full"] += 1
                return False
            self._lines.append(line)
            self._size += len(line)
            self._changed.notify_all()
            return True

    def take(self) -> list[bytes]:
        """Wait for lines, and take some out; none if it was closed and is empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_closed)
            taken = [self._lines.popleft() for _ in range(min(len(self._lines), self._batch_max))]
            self._size -= sum(map(len, taken))
            self._under_way = len(taken)
            return taken

    def settle(self, count: str, by: int) -> None:
        """What was taken out last has this fate."""
        with self._changed:
            self.counts[count] += by
            self._under_way = 0
            self._changed.notify_all()

    def rest(self, seconds: float) -> bool:
        """Wait, unless it is closed; return whether it is."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: self._is_closed, seconds))

    def wait_empty(self, seconds: float) -> bool:
        """Wait until nothing waits and nothing is under way, for so long at most."""
        with self._changed:
            return bool(
                self._changed.wait_for(lambda: not self._lines and not self._under_way, seconds)
            )

    def close(self) -> None:
        """Take no more lines in."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
