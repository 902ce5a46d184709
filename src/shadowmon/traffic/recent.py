"""What came lately: the last so many keys, for so long, and what is remembered of each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Bounded in number and in time. Pure: it is told the time."""

    def __init__(self, *, keys_max: int, seconds: float) -> None:
        self._max = keys_max
        self._seconds = seconds
        self._found: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key, now: float) -> Value | None:
        """Return what is remembered of a key; None if it did not come lately."""
        self._forget(now)
        found = self._found.get(key)
        return None if found is None else found[1]

    def put(self, key: Key, value: Value, now: float) -> None:
        """Remember it."""
        self._forget(now)
        self._found[key] = (now + self._seconds, value)
        self._found.move_to_end(key)
        while len(self._found) > self._max:
            self._found.popitem(last=False)

    def _forget(self, now: float) -> None:
        while self._found:
            until, _ = next(iter(self._found.values()))
            if until > now:
                return
            self._found.popitem(last=False)
