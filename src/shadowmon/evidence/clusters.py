"""
Exchanges of one user are not independent: a session counts once, by its mean.

Bets assume that a pair tells something new. If five exchanges of a session fail together, five
failures were counted for one, and a promised 5 % of false alarms becomes 36 to 82 % (statistics,
section 7). So what a session says is gathered, and when it closes it is one observation: the mean
of its distances or figures, or, for metrics where one event is too many, whether there was any. A
figure is then that of the mean session, and every session weighs the same.

Rule 1: sessions are counted in the order in which they opened, one after the other, however long
each of them took. Bad sessions may end sooner; to count whatever closed first would favour them.
Rule 2: a session closes when nothing came for `idle`, after `lasting`, or with `length_max`
exchanges; what comes later opens another one. A stage or sampling rate of its own is a session of
its own. If `open_max` wait, the oldest is closed.
Rule 3: the worst is assumed. A session of which one exchange could not be measured could have been
anything, and is missing; but where one event is too many, it is known once both models had one.
Rule 4: an exchange without a session is a session of one, and waits for its turn like any other.
Rule 5: of a metric that is measured on some exchanges only (a judge's), a session's figure is the
mean of those, and is counted at their rate; at another rate it is another figure.

Not ideal: a session of five is met more often at a low rate than a session of one. So the figure is
that of the sessions met, as it is of the sampled parts of sessions anyway.

Time is an argument. Not thread-safe.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from shadowmon.evidence.ledger import Counted
from shadowmon.records import MetricName, Observation, SliceName, TrialId


class Member(Counted, Protocol):
    """What is counted like a pair, and says whose it is."""

    @property
    def cluster(self) -> str:
        """A digest of the user or session; empty if it is on its own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapsed:
    """A session, or its part in some slices, as one pair; to be counted by `Ledger.count`."""

    trial_id: TrialId
    epoch: int
    stage: int
    rate: int
    slices: frozenset[SliceName]
    observations: tuple[Observation, ...]


_Key: TypeAlias = tuple[TrialId, int, int, int, str]
_Member: TypeAlias = tuple[frozenset[SliceName], tuple[Observation, ...]]


@dataclass(slots=True, kw_only=True)
class _Session:
    key: _Key
    opened_at: datetime
    last_at: datetime
    members: list[_Member] = field(default_factory=list)
    closed: bool = False


class Clusters:
    """The sessions that are open, and those whose turn has not come."""

    def __init__(
        self,
        *,
        any_of: Collection[MetricName],
        idle: timedelta,
        lasting: timedelta,
        length_max: int,
        open_max: int,
    ) -> None:
        """
        Begin with no session.

        Args:
            any_of: Metrics of verdicts where one event in a session is as much as many.
            idle: A session closes when nothing came for so long.
            lasting: Or when it opened so long ago; it bounds how long others wait for their turn.
            length_max: Or with so many exchanges.
            open_max: How many sessions may wait.

        """
        self._any_of = frozenset(any_of)
        self._idle = idle
        self._lasting = lasting
        self._length_max = length_max
        self._open_max = open_max
        self._line: deque[_Session] = deque()
        self._open: dict[_Key, _Session] = {}

    def __len__(self) -> int:
        return len(self._line)

    def add(self, pair: Member, observations: Iterable[Observation], now: datetime) -> None:
        """Let what was observed of a pair join its session, or open one."""
        key = (pair.trial_id, pair.epoch, pair.stage, pair.rate, pair.cluster)
        session = self._open.get(key) if pair.cluster else None
        if session is None or self._is_due(session, now):
            session = self._begin(key, now)
        session.members.append((pair.slices, tuple(observations)))
        session.last_at = now
        session.closed = not pair.cluster or len(session.members) >= self._length_max

    def _begin(self, key: _Key, now: datetime) -> _Session:
        before = self._open.get(key)
        if before is not None:
            before.closed = True
        session = self._open[key] = _Session(key=key, opened_at=now, last_at=now)
        self._line.append(session)
        return session

    def _is_due(self, session: _Session, now: datetime) -> bool:
        return (
            session.closed
            or now - session.last_at >= self._idle
            or now - session.opened_at >= self._lasting
        )

    def close_due(self, now: datetime) -> list[Collapsed]:
        """Return every session that is closed and whose turn it is, in the order they opened."""
        done: list[Collapsed] = []
        while self._line and (len(self._line) > self._open_max or self._is_due(self._line[0], now)):
            done += self._next()
        return done

    def close_all(self) -> list[Collapsed]:
        """Close every session, as before a stop, and return them in the order they opened."""
        done: list[Collapsed] = []
        while self._line:
            done += self._next()
        return done

    def _next(self) -> Iterator[Collapsed]:
        session = self._line.popleft()
        if self._open.get(session.key) is session:
            del self._open[session.key]
        return self._collapse(session)

    def _collapse(self, session: _Session) -> Iterator[Collapsed]:
        trial_id, epoch, stage, rate, _ = session.key
        for slices, members in _by_membership(session.members):
            yield Collapsed(
                trial_id=trial_id,
                epoch=epoch,
                stage=stage,
                rate=rate,
                slices=slices,
                observations=tuple(self._means(members)),
            )

    def _means(self, members: Iterable[tuple[Observation, ...]]) -> Iterator[Observation]:
        alike: defaultdict[tuple[MetricName, int], list[Observation]] = defaultdict(list)
        for observations in members:
            for observation in observations:
                alike[observation.metric, observation.rate].append(observation)
        for (name, rate), seen in alike.items():
            yield seen[0] if len(seen) == 1 else replace(self._collapsed(name, seen), rate=rate)

    def _collapsed(self, name: MetricName, seen: Sequence[Observation]) -> Observation:
        missing = next((each.missing for each in seen if each.missing), "")
        if name in self._any_of:
            baseline = any(each.baseline for each in seen)
            optimized = any(each.optimized for each in seen)
            if missing and not (baseline and optimized):
                return Observation(metric=name, missing=missing)
            return Observation(metric=name, baseline=baseline, optimized=optimized)
        if missing:
            return Observation(metric=name, missing=missing)
        return Observation(
            metric=name,
            baseline=_mean([each.baseline for each in seen]),
            optimized=_mean([each.optimized for each in seen]),
            distance=_mean([each.distance for each in seen]),
        )


def _by_membership(
    members: Sequence[_Member],
) -> Iterator[tuple[frozenset[SliceName], list[tuple[Observation, ...]]]]:
    """Divide a session's slices into those that have the same of its exchanges."""
    numbers: defaultdict[SliceName, list[int]] = defaultdict(list)
    for number, (slices, _) in enumerate(members):
        for name in slices:
            numbers[name].append(number)
    alike: defaultdict[tuple[int, ...], set[SliceName]] = defaultdict(set)
    for name, found in numbers.items():
        alike[tuple(found)].add(name)
    for found_in, names in sorted(alike.items(), key=lambda item: sorted(item[1])):
        yield frozenset(names), [members[number][1] for number in found_in]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None
