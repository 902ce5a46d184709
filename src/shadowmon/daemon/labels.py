"""
Pairs that wait for the truth, and labels that come.

A pair is counted once, a fixed time after its request, with whatever label it has by then. To count
labels as they come would favour whichever outcome is labelled sooner (statistics: 99.7 % false
roll-backs where bad outcomes are labelled ten times faster).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from shadowmon.records import Awaiting, ExchangeId, Label, Observation, TrialId
from shadowmon.scoring.classification.classes import against_classes
from shadowmon.scoring.truth import Truth, against_label, digest_in, digests


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """How one trial treats its labels."""

    maturity: timedelta
    covers_all: bool
    """Is a pair without a label at maturity counted as missing, or left out?"""
    truth: Truth = Truth.WORD
    classes: tuple[str, ...] = ()
    """Labels that are counted on their own too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A pair whose time has come."""

    awaiting: Awaiting
    observations: tuple[Observation, ...]
    """None, if it is left out: no label came, and not every exchange was to have one."""


class LabelDesk:
    """Joins labels to the pairs that wait for them. Bounded; what is given up is counted."""

    EARLY_MAX = 50_000
    """Labels that are kept although no pair is known to wait for them yet."""

    def __init__(self, rules: Mapping[TrialId, LabelRule], *, awaiting_max: int) -> None:
        self._rules = rules
        self._max = awaiting_max
        self._truths = frozenset(rule.truth for rule in rules.values())
        self._waiting: defaultdict[TrialId, list[tuple[datetime, int, Awaiting]]]
        self._waiting = defaultdict(list)
        """Heaps: workers tell in any order, and a clock that was wrong holds nobody else up."""
        self._told = count()
        self._waits: defaultdict[ExchangeId, int] = defaultdict(int)
        self._labels: OrderedDict[ExchangeId, str] = OrderedDict()
        self.fates: defaultdict[str, int] = defaultdict(int)
        """joined, early (no pair known yet), repeated; unlabelled, given_up (of pairs)."""

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def expect(self, pairs: Iterable[Awaiting]) -> list[Awaiting]:
        """Let these pairs wait; return those for which there was room and a rule."""
        taken = []
        for pair in pairs:
            if pair.trial_id not in self._rules:
                continue
            if len(self) >= self._max:
                self.fates["given_up"] += 1
                continue
            heappush(self._waiting[pair.trial_id], (pair.received_at, next(self._told), pair))
            self._waits[pair.exchange_id] += 1
            taken.append(pair)
        return taken

    def take(self, labels: Sequence[Label]) -> int:
        """Take labels in; return how many are of an exchange that waits for one."""
        joined = 0
        for label in labels:
            if label.exchange_id in self._labels:
                self.fates["repeated"] += 1
            waits = label.exchange_id in self._waits
            joined += waits
            self.fates["joined" if waits else "early"] += 1
            self._labels[label.exchange_id] = digests(label.label, self._truths)
        while len(self._labels) > self._max + self.EARLY_MAX:
            self._labels.popitem(last=False)
        return joined

    def labels_of(self, exchanges: Iterable[ExchangeId]) -> dict[ExchangeId, str]:
        """Return the labels (their digests) that are known of these exchanges."""
        return {each: self._labels[each] for each in exchanges if each in self._labels}

    def restore(self, pairs: Iterable[Awaiting], labels: Mapping[ExchangeId, str]) -> None:
        """Go on where the store stands."""
        self.expect(pairs)
        self._labels.update(labels)

    def settle(self, now: datetime) -> list[Settled]:
        """Take out every pair whose time has come, the oldest first."""
        settled = []
        for trial_id, waiting in self._waiting.items():
            rule = self._rules[trial_id]
            while waiting and waiting[0][0] + rule.maturity <= now:
                settled.append(self._settle(heappop(waiting)[-1], rule))
        for each in settled:
            self._let_go(each.awaiting.exchange_id)
        return settled

    def _settle(self, pair: Awaiting, rule: LabelRule) -> Settled:
        kept = self._labels.get(pair.exchange_id)
        label = None if kept is None else digest_in(kept, rule.truth)
        if label is None:
            self.fates["unlabelled"] += 1
            if not rule.covers_all:
                return Settled(awaiting=pair, observations=())
        of_classes = against_classes(pair, label, rule.classes)
        return Settled(awaiting=pair, observations=(against_label(pair, label), *of_classes))

    def _let_go(self, exchange_id: ExchangeId) -> None:
        self._waits[exchange_id] -= 1
        if self._waits[exchange_id] <= 0:
            del self._waits[exchange_id]
            self._labels.pop(exchange_id, None)
