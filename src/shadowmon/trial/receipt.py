"""
What a person computes a reason's e-value again from, written down only when somebody reads it.

A receipt has a line for each place that was hit, a verdict has one for each rule, and there is a
verdict at every look; most of them nobody ever asks about.

Rule: what a receipt is of never changes, so it says the same whenever it is first read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Receipt(Mapping[str, Any]):
    """A mapping that is made when it is first read. It equals any mapping that holds the same."""

    __slots__ = ("_told", "_write")

    def __init__(self, write: Callable[[], Mapping[str, Any]]) -> None:
        """
        Args:
            write: Writes it down; is called once, or never.

        """
        self._write = write
        self._told: Mapping[str, Any] | None = None

    def _read(self) -> Mapping[str, Any]:
        if self._told is None:
            self._told = self._write()
        return self._told

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"Receipt({self._read()!r})"
