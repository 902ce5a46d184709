"""
Is a model down, so that calling it again would be of no use? Pure: a state machine on a time line.

    closed --(failures in a row, or a ratio of the window)--> open --(probes answer)--> closed

While it is open one call at a time goes through as a probe, at growing distances.

What becomes of the requests in between is a matter of statistics, not of thrift. To leave them out
would let a model that is down most of the day be judged by the rest of the day: its failures would
vanish. So each counts as a failure of the optimized model, `refused`, as the call would have come
back. That is right while the model is down, and wrong for as long as it is up again and no probe
has found out: at most the distance between two probes, about the time that the model had been down
before, and never more than `open_seconds_max` and a probe's own timeout.

A *baseline* that is down in the shadow, on the other hand, is no yardstick, and there is no pair:
its failures would speak for the optimized model.

To open takes what a model with a tolerable error rate does not do: ten failures in a row are, at an
error rate of 10 %, one case in ten thousand million.
"""

from __future__ import annotations

from collections import deque

from shadowmon.mirror.settings import BreakerSettings
from shadowmon.records import Outcome, Reply


BREAKER_OPEN = "breaker_open"

_DOWN = frozenset({Outcome.TIMEOUT, Outcome.REFUSED, Outcome.RESET})
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


class Breaker:
    """One model's. Times are monotonic seconds."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._in_a_row = 0
        self._recent: deque[bool] = deque(maxlen=settings.window)
        self._wait = 0.0
        self._probe_at = 0.0
        self._good_probes = 0
        self._is_probing = False
        self.is_open = False

    def may_call(self, now: float) -> bool:
        """May a call be made at this moment? While open, asking for a probe takes it."""
        if not self.is_open:
            return True
        if now < self._probe_at:
            return False
        self._probe_at = now + self._wait
        self._is_probing = True
        return True

    def learn(self, *, failed: bool, now: float) -> None:
        """Take in how a call ended."""
        if self.is_open:
            self._probed(failed=failed, now=now)
            return
        self._recent.append(failed)
        self._in_a_row = self._in_a_row + 1 if failed else 0
        if failed and (self._in_a_row >= self._settings.failures or self._is_mostly_failing()):
            self._open(now)

    def _is_mostly_failing(self) -> bool:
        is_full = len(self._recent) == self._settings.window
        return is_full and sum(self._recent) >= self._settings.ratio * self._settings.window

    def _open(self, now: float) -> None:
        self.is_open = True
        self._wait = self._settings.open_seconds
        self._probe_at = now + self._wait
        self._good_probes = 0
        self._is_probing = False

    def _probed(self, *, failed: bool, now: float) -> None:
        if failed:
            self._good_probes = 0
            if self._is_probing:  # and not one of the calls that were under way when it opened
                self._is_probing = False
                self._wait = min(2 * self._wait, self._settings.open_seconds_max)
                self._probe_at = now + self._wait
            return
        self._good_probes += 1
        self._probe_at = now
        if self._good_probes >= self._settings.probes:
            self.is_open = False
            self._in_a_row = 0
            self._recent.clear()


def says_down(reply: Reply) -> bool:
    """Does this failure say that the model is down or overloaded, rather than wrong?"""
    if reply.outcome is Outcome.ERROR:
        return reply.status >= _SERVER_ERROR or reply.status == _TOO_MANY_REQUESTS
    return reply.outcome in _DOWN
