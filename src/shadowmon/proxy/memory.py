"""
What was found of a thing, kept as long as the thing comes again and again.

Most of what passes here came before: field lines, whole heads, chunks' sizes, users' keys. A look
into a dict is many times cheaper than to read it anew.

Rule 1: bounded: two generations; when the younger one is full, the elder one goes.
Rule 2: what raises is never remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar


_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Generations(dict[_Key, _Value]):
    """The younger generation; a dict, so that what is known is found by C alone."""

    __slots__ = ("_elder", "_most")

    def __init__(self, most: int) -> None:
        """Begin with nothing; `most` is how many things make a generation."""
        super().__init__()
        self._most = most
        self._elder: dict[_Key, _Value] = {}

    def keep(self, thing: _Key, value: _Value) -> None:
        """Remember."""
        if len(self) >= self._most:
            self._elder = dict(self)
            self.clear()
        self[thing] = value

    def of_elder(self, thing: _Key) -> bool:
        """Take a thing over from the elder generation; False if that does not know it either."""
        if thing not in self._elder:
            return False
        self.keep(thing, self._elder[thing])
        return True


class Memory(Generations[bytes, _Value]):
    """`memory[thing]`: what `find` says of it."""

    __slots__ = ("_find", "_longest")

    def __init__(self, find: Callable[[bytes], _Value], *, most: int, longest: int) -> None:
        """
        Begin with nothing.

        Args:
            find: Says the same of the same thing, always.
            most: Things in each generation.
            longest: Bytes; a longer thing is not remembered.

        """
        super().__init__(most)
        self._find = find
        self._longest = longest

    def __missing__(self, thing: bytes) -> _Value:
        if self.of_elder(thing):
            return self[thing]
        value = self._find(thing)
        if len(thing) <= self._longest:
            self.keep(thing, value)
        return value
