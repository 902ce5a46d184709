"""
Numbers by family and labels: what one scrape has to show.

Nothing is decided here, and a number that is not defined is absent, never NaN.
"""

from __future__ import annotations

import math

from collections import defaultdict
from typing import TypeAlias

from shadowmon.ipc.board import Board
from shadowmon.telemetry.families import BY_NAME
from shadowmon.telemetry.family import EXEMPLAR, SUM, Family, Kind
from shadowmon.telemetry.outlook import Outlook
from shadowmon.view import DaemonView


Labels: TypeAlias = tuple[str, ...]
Numbers: TypeAlias = dict[Labels, float]
Exemplars: TypeAlias = dict[Labels, tuple[Labels, float]]
"""A histogram's labels, the bucket's bound last -> who was observed there, and what."""


class Readings:
    """Numbers of one scrape."""

    def __init__(
        self, view: DaemonView | None, board: Board | None, outlook: Outlook | None = None
    ) -> None:
        self.view = view
        self.board = board
        self.outlook = outlook or Outlook()
        """Remembers the forecasts of the scrape before this one."""
        self.unknown = 0
        """Samples that no family has."""
        self.left_out = 0
        """Figures, claims and slices of trials that have too many of them."""
        self._numbers: defaultdict[str, Numbers] = defaultdict(dict)
        self._exemplars: defaultdict[str, Exemplars] = defaultdict(dict)

    def of(self, family: Family) -> Numbers:
        """Return a family's numbers; the last label of a histogram's is the bucket."""
        return self._numbers[family.name]

    def exemplars_of(self, family: Family) -> Exemplars:
        """Return a histogram's exemplars."""
        return self._exemplars[family.name]

    def put(self, name: str, labels: Labels, value: float | None) -> None:
        """Set a number; None and what is not finite leave it absent."""
        if value is not None and math.isfinite(value):
            self._numbers[name][labels] = value

    def put_largest(self, name: str, labels: Labels, value: float) -> None:
        """Set a number if it is larger than the one that is there."""
        if math.isfinite(value):
            numbers = self._numbers[name]
            numbers[labels] = max(value, numbers.get(labels, value))

    def put_smallest(self, name: str, labels: Labels, value: float | None) -> None:
        """Set a number if it is smaller than the one that is there; None leaves it as it is."""
        if value is not None and math.isfinite(value):
            numbers = self._numbers[name]
            numbers[labels] = min(value, numbers.get(labels, value))

    def put_if_absent(self, name: str, labels: Labels, value: float) -> None:
        """Set a number that nobody else told."""
        self._numbers[name].setdefault(labels, value)

    def add_sample(self, name: str, labels: Labels, value: float, kinds: tuple[Kind, ...]) -> None:
        """Add what a process told; equal label sets add up."""
        family = BY_NAME.get(name)
        if family is None or family.kind not in kinds or not _fits(family, labels):
            self.unknown += 1
        elif math.isfinite(value):
            numbers = self._numbers[name]
            numbers[labels] = numbers.get(labels, 0.0) + value

    def add_exemplar(self, name: str, labels: Labels, value: float) -> None:
        """Remember an observation of a bucket; of several the largest."""
        family = BY_NAME.get(name.removesuffix(EXEMPLAR))
        places = len(labels) - len(family.exemplars) if family and family.exemplars else 0
        bucket, who = labels[:places], labels[places:]
        if family is None or not places or not _fits(family, bucket) or bucket[-1] == SUM:
            self.unknown += 1
            return
        exemplars = self._exemplars[family.name]
        if math.isfinite(value) and value >= exemplars.get(bucket, (who, value))[1]:
            exemplars[bucket] = (who, value)


def _fits(family: Family, labels: Labels) -> bool:
    if family.kind is not Kind.HISTOGRAM:
        return len(labels) == len(family.labels)
    return len(labels) == len(family.labels) + 1 and labels[-1] in family.parts()
