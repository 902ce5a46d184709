"""
Do users wait longer for the baseline than they used to? Then shadow calls had better stop. Pure.

The baseline's own answers to users are watched, those that no shadow call has any part in but for
the load it makes. Two histograms forget at two speeds: what is, and what used to be. While the
calls are stopped the slower one stands still, or else a long jam would become what used to be.

To stop depends on the past alone, never on the request: the pairs that are left out are not picked
by what the models would have answered.
"""

from __future__ import annotations

import math

from itertools import accumulate

from shadowmon.mirror.settings import GuardSettings


BASELINE_SLOW = "baseline_slow"

_PER_DOUBLING = 8
_SHORTEST_SECONDS = 1e-4
_BUCKETS = 8 * 24
"""Steps of 9 %, from 0.1 ms to 28 minutes."""


class _Fading:
    """A histogram of times that forgets by half-lives."""

    def __init__(self, half_life_seconds: float) -> None:
        self._half_life = half_life_seconds
        self._buckets = [0.0] * _BUCKETS
        self._at: float | None = None

    def fade(self, now: float, *, stands_still: bool = False) -> None:
        if self._at is not None and not stands_still:
            kept = 0.5 ** (max(0.0, now - self._at) / self._half_life)
            self._buckets = [each * kept for each in self._buckets]
        self._at = now

    def add(self, seconds: float) -> None:
        place = _PER_DOUBLING * math.log2(max(seconds, _SHORTEST_SECONDS) / _SHORTEST_SECONDS)
        self._buckets[min(int(place), _BUCKETS - 1)] += 1

    def count(self) -> float:
        return sum(self._buckets)

    def quantile(self, share: float) -> float:
        sums = accumulate(self._buckets)
        enough = share * self.count()
        place = next((at for at, total in enumerate(sums) if total >= enough), _BUCKETS - 1)
        return _SHORTEST_SECONDS * math.exp2((place + 0.5) / _PER_DOUBLING)


class LatencyGuard:
    """One baseline's. Times of day are monotonic seconds."""

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        self._recent = _Fading(settings.recent_seconds)
        self._earlier = _Fading(settings.earlier_seconds)
        self.is_slow = False
        """Were shadow calls to be stopped when it was last looked at?"""

    def saw(self, seconds: float, now: float) -> None:
        """Take in how long a user waited."""
        self._recent.fade(now)
        self._earlier.fade(now, stands_still=self.is_slow)
        self._recent.add(seconds)
        if not self.is_slow:
            self._earlier.add(seconds)
        self.is_slow = self._judge()

    def still_slow(self, now: float) -> bool:
        """Are shadow calls to be stopped now? Where nobody asks any more nobody waits."""
        if self.is_slow:
            self._recent.fade(now)
            self._earlier.fade(now, stands_still=True)
            self.is_slow = self._judge()
        return self.is_slow

    def rise(self) -> float | None:
        """Return what is over what was; None while too little was seen."""
        least = self._settings.answers_min
        if self._recent.count() < least or self._earlier.count() < least:
            return None
        quantile = self._settings.quantile
        return self._recent.quantile(quantile) / self._earlier.quantile(quantile)

    def _judge(self) -> bool:
        rise = self.rise()
        if rise is None:
            return False
        return rise >= (self._settings.resume_rise if self.is_slow else self._settings.rise)
