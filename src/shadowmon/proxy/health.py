"""
Does an address work? Passive health: judged by what becomes of users' own requests; no I/O.

Rule 1: only failures in a row count; one answer, and all is forgotten.
Rule 2: after a rest one failure is enough for the next, twice as long.
"""

from __future__ import annotations

from collections.abc import Callable


BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504
"""502, 503 and 504 say that there is no working model behind an address; a 500 may be the
request's own doing."""


class Health:
    """One address."""

    __slots__ = ("_after", "_clock", "_failures", "_first", "_most", "_on_rest", "_rests", "_until")

    def __init__(
        self,
        *,
        after_failures: int,
        rest_seconds: float,
        rest_max_seconds: float,
        clock: Callable[[], float],
        on_rest: Callable[[], None],
    ) -> None:
        """
        Make one that works.

        Args:
            after_failures: So many in a row, and the address rests.
            rest_seconds: The first rest.
            rest_max_seconds: The longest.
            clock: Seconds, from any moment on.
            on_rest: Called at the beginning of each rest.

        """
        self._after = after_failures
        self._first = rest_seconds
        self._most = rest_max_seconds
        self._clock = clock
        self._on_rest = on_rest
        self._failures = 0
        self._rests = 0
        self._until = 0.0

    @property
    def rests(self) -> bool:
        """Is it better left alone?"""
        return bool(self._rests) and self._clock() < self._until

    def answered(self, status: int) -> None:
        """An answer began."""
        if BAD_GATEWAY <= status <= GATEWAY_TIMEOUT:
            self.failed()
        elif self._failures:
            self._failures = self._rests = 0

    def failed(self) -> None:
        """There was no connection, or none of an answer, or not all of one."""
        self._failures += 1
        # What was under way when the rest began says nothing new.
        if self._failures < self._after or self.rests:
            return
        self._until = self._clock() + min(self._first * 2.0**self._rests, self._most)
        self._rests += 1
        self._on_rest()
