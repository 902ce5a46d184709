"""
Which Envoys ask, and what each of them holds.

REST discovery knows no acknowledgement but this: an Envoy's next question names the version that it
has taken; one that it refused is not named, and it keeps what it had.

Rule: an Envoy that stopped asking still counts for a while, for it keeps the last weight and may
      well serve users with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


NODES_MAX = 4096


@dataclass(frozen=True, slots=True)
class _Seen:
    version: str
    at: float
    is_connected: Callable[[], bool]


class Fleet:
    """The Envoys that asked for one resource."""

    def __init__(self, *, forget_seconds: float) -> None:
        self._forget_seconds = forget_seconds
        self._seen: dict[str, _Seen] = {}

    def note(self, node: str, version: str, now: float, is_connected: Callable[[], bool]) -> None:
        """
        Take in that a node asked.

        Args:
            node: What tells it from others.
            version: What it holds; empty if nothing.
            now: Of a clock that never runs backwards.
            is_connected: Is its connection still open?

        """
        self._seen.pop(node, None)
        if len(self._seen) >= NODES_MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[node] = _Seen(version, now, is_connected)

    def versions(self, now: float) -> Mapping[str, str]:
        """Return what each node holds that is connected, or was not long ago."""
        oldest = now - self._forget_seconds
        self._seen = {
            node: seen
            for node, seen in self._seen.items()
            if seen.at >= oldest or seen.is_connected()
        }
        return {node: seen.version for node, seen in self._seen.items()}
