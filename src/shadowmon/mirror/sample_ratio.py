"""
Are users split between the models as the weight says? A sequential test. Pure.

A split that is not the one asked for (a sample-ratio mismatch) means that something picks: the
proxy's steering, or whatever loses the exchanges of one model on their way here (answers too long
to keep, connections that break). Then the pairs stand for other users than they should.

Each user is counted once, at the weight of that moment: under the hypothesis the models they meet
are independent coin tosses with known, perhaps changing, probabilities, whatever the users do
later. The e-value is the mean of likelihood ratios against odds that are off by fixed factors; by
Ville's inequality it exceeds 1/alpha with probability at most alpha, however often it is read
(Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023).
"""

from __future__ import annotations

import math


SETTLING_SECONDS = 1.0
"""After a change of the weight has been seen, requests that came earlier than this are left out."""

_ODDS = (1 / 8, 1 / 2, 4 / 5, 5 / 4, 2.0, 8.0)
_USERS_MAX = 200_000
"""Users that are remembered; then the test begins anew."""


class SampleRatio:
    """The test of one trial, in one scoring worker. Times are seconds since the epoch."""

    def __init__(self, alpha: float) -> None:
        self.needed = -math.log(alpha)
        self._logs = [0.0] * len(_ODDS)
        self._seen: set[str] = set()
        self._weight: float | None = None
        self._changed_at = 0.0

    def take(
        self, user: str, *, chosen: bool, weight: float, received_at: float, now: float
    ) -> bool:
        """
        Count a user, once.

        Args:
            user: What the user is known by; empty for a request that is on its own.
            chosen: Was the optimized model chosen for it, whatever came of that?
            weight: The probability with which it is chosen, in 0..1.
            received_at: When the request came.
            now: This moment.

        Returns:
            False if it was left out.

        """
        if weight != self._weight:
            self._weight, self._changed_at = weight, now
        if received_at < self._changed_at + SETTLING_SECONDS or user in self._seen:
            return False
        if user:
            if len(self._seen) >= _USERS_MAX:
                self._seen.clear()
                self._logs = [0.0] * len(_ODDS)
            self._seen.add(user)
        for at, odds in enumerate(_ODDS):
            # P(chosen) at odds that are off by a factor f: f w / (1 - w + f w).
            self._logs[at] += (math.log(odds) if chosen else 0.0) - math.log(
                1 - weight + odds * weight
            )
        return True

    @property
    def log_e_value(self) -> float:
        """Return the natural logarithm of the e-value."""
        highest = max(self._logs)
        mean = sum(math.exp(each - highest) for each in self._logs) / len(self._logs)
        return highest + math.log(mean)

    @property
    def is_off(self) -> bool:
        """Is it proven that the split is another one?"""
        return self.log_e_value >= self.needed
