"""
Join the events of one exchange: its request, and every model's answer to it.

Loggers tell of a request and of its answer apart, in any order, now and then twice or not at all;
and where production asks both models under one id, each model's logger tells of its own.

| when the time is up, or all that is expected is there | what becomes of it |
|---|---|
| request, answers of all models that log | handed over at once: a pair without any call |
| request, answers of some | handed over: the models without one are called |
| request alone | handed over, as from a mirror: both models are called |
| answers alone | nothing can be said: `alone` |

A model whose answer is not there is called because loggers tell of good answers only: to leave it
out would leave out its failures. For the same reason an exchange with a failed answer waits until
its time is up: a gateway that tries again tells of the failure first.

Rule 1: every event has exactly one fate, told when it is known.
Rule 2: what waits is bounded in number, in bytes and in time.
Rule 3: nothing here waits, and nothing raises.
"""

from __future__ import annotations

import enum

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shadowmon.clock import Clock
from shadowmon.ipc.handover import ExchangeHead, Parcel, ServedHead
from shadowmon.records import Ending, ModelName, RouteName
from shadowmon.traffic.recent import Recent
from shadowmon.traffic.sighting import SeenAnswer, SeenRequest, Sighting


_ENTRY_BYTES = 1000
"""What an exchange holds beside its bodies, about."""


class Fate(enum.StrEnum):
    """What became of an event."""

    JOINED = "joined"
    """It is part of an exchange that was handed over."""
    REORDERED = "reordered"
    """So it is, though an answer had come before its request."""
    UNANSWERED = "unanswered"
    """A request whose answers never came; handed over all the same."""
    DUPLICATE = "duplicate"
    LATE = "late"
    """Its exchange had been handed over, or given up, before it came."""
    ALONE = "alone"
    """An answer whose request never came."""
    GIVEN_UP = "given_up"
    """Pushed out by later ones: too many waited."""
    SHED = "shed"
    """No room for it further down, or too much of it at one time."""
    SAMPLED_OUT = "sampled_out"
    REFUSED = "refused"
    """Malformed, too large, too slow, of a service that is not configured, or not allowed."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """When something happened: by whoever saw it, and when it came here."""

    told: float | None
    came: float

    def since(self, begun: _Moment) -> float:
        """Return the seconds from `begun`, by the teller's clock if it told both."""
        if self.told is not None and begun.told is not None:
            return max(0.0, self.told - begun.told)
        return max(0.0, self.came - begun.came)


@dataclass(slots=True)
class _Waiting:
    """An exchange of which not all is known yet."""

    source: str
    begun: float
    received_at: float
    request: SeenRequest | None = None
    asked: dict[ModelName, _Moment] = field(default_factory=dict)
    """When each model got the request."""
    answers: dict[ModelName, tuple[SeenAnswer, _Moment]] = field(default_factory=dict)
    events: list[Fate] = field(default_factory=list)
    """What is told of each event that is part of it, if it is handed over."""
    size: int = _ENTRY_BYTES

    def kinds(self) -> frozenset[tuple[ModelName, str]]:
        """Return what has been seen of which model."""
        asked = ((model, "request") for model in self.asked)
        return frozenset((*asked, *((model, "answer") for model in self.answers)))


class Joining:
    """All exchanges of which not all is known yet."""

    def __init__(
        self,
        *,
        loggers: Mapping[RouteName, frozenset[ModelName]],
        baselines: Mapping[RouteName, ModelName],
        seconds: float,
        keys_max: int,
        bytes_max: int,
        hand_over: Callable[[Parcel], bool],
        count: Callable[[str, Fate], None],
        clock: Clock,
    ) -> None:
        """
        Args:
            loggers: The models of each route of which events come.
            baselines: Each route's.
            seconds: How long an exchange waits for its events.
            keys_max: Exchanges that wait at one time.
            bytes_max: What they hold together.
            hand_over: Takes an exchange; False if there was no room. Must not wait.
            count: Told the source and the fate of every event, once.
            clock: Tells the time.

        """
        self._loggers = loggers
        self._baselines = baselines
        self._seconds = seconds
        self._keys_max = keys_max
        self._bytes_max = bytes_max
        self._hand_over = hand_over
        self._count = count
        self._clock = clock
        self._waiting: OrderedDict[tuple[RouteName, str], _Waiting] = OrderedDict()
        """The oldest first."""
        self._gone: Recent[tuple[RouteName, str], frozenset[tuple[ModelName, str]]] = Recent(
            keys_max=keys_max, seconds=max(seconds, 60.0)
        )
        self.held = 0
        """Bytes."""

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, sighting: Sighting) -> None:
        """Take an event in."""
        self.expire()
        now = self._clock.monotonic()
        key = (sighting.route, sighting.id)
        kinds = {(sighting.model, kind) for kind in sighting.kinds}
        gone = self._gone.get(key, now)
        if gone is not None:
            self._count(sighting.source, Fate.DUPLICATE if kinds & gone else Fate.LATE)
            return
        entry = self._waiting.get(key)
        if entry is None:
            wall = self._clock.now().timestamp()
            entry = _Waiting(source=sighting.source, begun=now, received_at=wall)
            self._waiting[key] = entry
            self.held += entry.size
        elif kinds & entry.kinds() and not _mends(sighting, entry):
            self._count(sighting.source, Fate.DUPLICATE)
            return
        self._add(entry, sighting, now)
        if self._is_whole(key, entry):
            self._finish(key)
        while self._waiting and (
            len(self._waiting) > self._keys_max or self.held > self._bytes_max
        ):
            self._give_up()

    def expire(self) -> None:
        """Let go of what has waited for long enough."""
        due = self._clock.monotonic() - self._seconds
        while self._waiting:
            key, entry = next(iter(self._waiting.items()))
            if entry.begun > due:
                return
            self._finish(key)

    def finish_all(self) -> None:
        """Let go of everything as it stands, as before a stop."""
        for key in [*self._waiting]:
            self._finish(key)

    def _add(self, entry: _Waiting, sighting: Sighting, now: float) -> None:
        moment = _Moment(sighting.at, now)
        before = entry.size
        fate = Fate.JOINED
        if sighting.request is not None:
            if entry.request is None:
                fate = Fate.REORDERED if entry.answers else Fate.JOINED
            if entry.request is None or sighting.model == self._baselines.get(sighting.route):
                entry.size += len(sighting.request.body) - len(_body(entry.request))
                entry.request = sighting.request
            entry.asked.setdefault(sighting.model, moment)
        if sighting.answer is not None:
            if sighting.model in entry.answers:
                entry.size -= len(entry.answers[sighting.model][0].body)
            entry.answers[sighting.model] = (sighting.answer, moment)
            entry.size += len(sighting.answer.body)
        entry.events.append(fate)
        self.held += entry.size - before

    def _is_whole(self, key: tuple[RouteName, str], entry: _Waiting) -> bool:
        expected = self._loggers.get(key[0], frozenset())
        return (
            entry.request is not None
            and expected <= set(entry.answers)
            and expected <= set(entry.asked)  # else nobody knows how long the model took
            and not any(answer.has_failed for answer, _ in entry.answers.values())
        )

    def _finish(self, key: tuple[RouteName, str]) -> None:
        entry = self._leave(key)
        if entry.request is None:
            self._tell(entry, Fate.ALONE)
        elif not self._hand_over(self._parcel(key, entry, entry.request)):
            self._tell(entry, Fate.SHED)
        else:
            self._tell(entry, None if entry.answers else Fate.UNANSWERED)

    def _give_up(self) -> None:
        self._tell(self._leave(next(iter(self._waiting))), Fate.GIVEN_UP)

    def _leave(self, key: tuple[RouteName, str]) -> _Waiting:
        entry = self._waiting.pop(key)
        self.held -= entry.size
        self._gone.put(key, entry.kinds(), self._clock.monotonic())
        return entry

    def _tell(self, entry: _Waiting, fate: Fate | None) -> None:
        for each in entry.events:
            self._count(entry.source, fate or each)

    def _parcel(self, key: tuple[RouteName, str], entry: _Waiting, request: SeenRequest) -> Parcel:
        route, name = key
        baseline = self._baselines.get(route)
        models = sorted(entry.answers, key=lambda model: (model != baseline, model))
        heads = [_head(model, entry) for model in models]
        return Parcel(
            ExchangeHead(
                id=name,
                route=route,
                source=entry.source,
                method=b"POST",
                target=request.target,
                headers=request.headers,
                received_at=entry.received_at,
                served=heads[0] if heads else None,
                failed_first=None,
                body_bytes=len(request.body),
                also=tuple(heads[1:]),
            ),
            [request.body],
            [entry.answers[model][0].body for model in models],
        )


def _mends(sighting: Sighting, entry: _Waiting) -> bool:
    """Is it the good answer of a model whose failed one came before: the gateway tried again?"""
    before = entry.answers.get(sighting.model)
    return (
        sighting.answer is not None
        and before is not None
        and before[0].has_failed
        and not sighting.answer.has_failed
    )


def _head(model: ModelName, entry: _Waiting) -> ServedHead:
    answer, came = entry.answers[model]
    begun = entry.asked.get(model) or next(iter(entry.asked.values()))
    return ServedHead(
        model=model,
        ending=Ending.COMPLETE,
        status=answer.status,
        headers=answer.headers,
        duration_seconds=came.since(begun) if answer.seconds is None else answer.seconds,
        first_byte_seconds=answer.first_byte_seconds,
        body_bytes=len(answer.body),
    )


def _body(request: SeenRequest | None) -> bytes:
    return b"" if request is None else request.body
