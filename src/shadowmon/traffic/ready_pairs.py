"""
Pairs of which both answers are known already, on their way to a scoring worker.

Whoever holds both answers (the Python SDK) posts JSON lines. A line travels as the body of an
exchange of its own kind, for there is one way only from here to the scoring workers; what is in it
is read there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from shadowmon.clock import Clock
from shadowmon.ipc.handover import ExchangeHead, Parcel
from shadowmon.records import ExchangeId, RouteName, TrialId
from shadowmon.traffic.joining import Fate
from shadowmon.traffic.recent import Recent
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import RouteSettings
from shadowmon.traffic.sighting import SightingError


SOURCE = "pairs"
"""The source of such an exchange. No other one says it, whatever its sender claims."""

_PREFIX = "/api/v1/pairs/"
_REMEMBERED = 50_000
_REMEMBERED_SECONDS = 600.0


def trial_of(target: str) -> TrialId | None:
    """Return the trial that a target (path and query) is about; None if it is another place."""
    path = target.partition("?")[0]
    name = unquote(path.removeprefix(_PREFIX))
    return TrialId(name) if path.startswith(_PREFIX) and name and "/" not in name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPair:
    """One line that is a pair."""

    trial: TrialId
    route: RouteName
    id: ExchangeId
    line: bytes


class ReadyPairs:
    """Takes lines in, each once."""

    def __init__(
        self,
        *,
        trials: Mapping[TrialId, RouteName],
        routes: Mapping[str, RouteSettings],
        sampling: Sampling,
        check: Callable[[TrialId, bytes], ExchangeId],
        hand_over: Callable[[Parcel], bool],
        clock: Clock,
    ) -> None:
        """
        Args:
            trials: Each trial's route.
            routes: By name; they say which share of pairs is taken.
            sampling: Says which pairs that is.
            check: Returns a line's id, or raises `SightingError` if it is no pair of the trial.
            hand_over: Takes an exchange; False if there was no room. Must not wait.
            clock: Tells when a pair was received.

        """
        self._trials = trials
        self._routes = routes
        self._sampling = sampling
        self._check = check
        self._hand_over = hand_over
        self._clock = clock
        self._seen: Recent[tuple[TrialId, ExchangeId], bool] = Recent(
            keys_max=_REMEMBERED, seconds=_REMEMBERED_SECONDS
        )

    def read(self, trial: TrialId, line: bytes) -> ReadyPair:
        """
        Look whether a line is a pair. Keeps nothing: it may be called on any thread.

        Raises:
            SightingError: If it is none, or of no trial that is configured.

        """
        route = self._trials.get(trial)
        if route is None:
            msg = "no trial of that name is configured"
            raise SightingError(msg)
        return ReadyPair(trial=trial, route=route, id=self._check(trial, line), line=line)

    def take(self, pair: ReadyPair) -> Fate:
        """Take one in, and say what became of it."""
        now = self._clock.monotonic()
        key = (pair.trial, pair.id)
        if self._seen.get(key, now):
            return Fate.DUPLICATE
        if not self._sampling.is_kept(pair.id, self._routes[pair.route].sample_rate):
            return Fate.SAMPLED_OUT
        if not self._hand_over(self._parcel(pair)):
            return Fate.SHED
        self._seen.put(key, value=True, now=now)
        return Fate.JOINED

    def _parcel(self, pair: ReadyPair) -> Parcel:
        head = ExchangeHead(
            id=pair.id,
            route=pair.route,
            source=SOURCE,
            method=b"POST",
            target=_PREFIX.encode() + quote(pair.trial, safe="").encode(),
            headers=b"",
            received_at=self._clock.now().timestamp(),
            served=None,
            failed_first=None,
            body_bytes=len(pair.line),
        )
        return Parcel(head, [pair.line])
