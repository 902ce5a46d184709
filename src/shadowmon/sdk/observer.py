"""
Tells a shadowmon daemon of pairs: `Observer(url, trial).observe(request, baseline, optimized)`.

Rule 1: nothing here raises into the caller, but for the constructor's arguments.
Rule 2: nothing here makes the caller wait: a line is written out and put into a bounded outbox, and
        a daemon thread sends it. What finds no room is dropped and counted.
Rule 3: a process that forks has an empty outbox and a thread of its own in the child.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from shadowmon.sdk.line import line_of
from shadowmon.sdk.outbox import Outbox
from shadowmon.sdk.post import Address, Sent
from shadowmon.sticky import SPAN, place


_SALT = b"shadowmon-sdk"
_FIRST_REST_SECONDS = 0.1
_LONGEST_REST_SECONDS = 10.0
_LINE_MAX_BYTES = 1_048_576

_observers: weakref.WeakSet[Observer] = weakref.WeakSet()


class Observer:
    """Tells of one trial's pairs. Any thread may use it, and asyncio code without a care."""

    def __init__(
        self,
        url: str,
        trial: str,
        *,
        token: str | None = None,
        sample_rate: float = 1.0,
        lines_max: int = 1000,
        bytes_max: int = 8 * 1024 * 1024,
        batch_max: int = 100,
        timeout_seconds: float = 2.0,
        exit_seconds: float = 1.0,
    ) -> None:
        """
        Args:
            url: The daemon's `traffic.events.listen`, such as http://127.0.0.1:9181.
            trial: The trial's name.
            token: Its `traffic.events.token`.
            sample_rate: Share of pairs that is told, in 0..1; drawn by the pair's id.
            lines_max: Pairs that wait at one time, at most.
            bytes_max: What they hold together.
            batch_max: Pairs of one post.
            timeout_seconds: For each step of a post.
            exit_seconds: How long the program's end may wait for what has not been sent.

        Raises:
            ValueError: If an argument makes no sense.

        """
        if not 0 <= sample_rate <= 1:
            msg = f"sample_rate must be in 0..1, found {sample_rate}"
            raise ValueError(msg)
        self._address = Address(url, trial, token, timeout_seconds)
        self._share = sample_rate
        self._limits = {"lines_max": lines_max, "bytes_max": bytes_max, "batch_max": batch_max}
        self._exit_seconds = exit_seconds
        self._begin()
        _observers.add(self)

    def _begin(self) -> None:
        self._outbox = Outbox(**self._limits)
        # The thread holds the outbox alone: it ends once nobody can put anything in any more.
        weakref.finalize(self, self._outbox.close).atexit = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """What became of all pairs: `Outbox.counts`."""
        return dict(self._outbox.counts)

    def wants(self, name: str) -> bool:
        """Say whether the pair of this id is among those that are told."""
        return place(_SALT, name.encode("utf-8", "replace")) < self._share * SPAN

    def observe(
        self,
        request: Any,  # noqa: ANN401 - see sdk/line.py
        baseline: Any,  # noqa: ANN401
        optimized: Any,  # noqa: ANN401
        *,
        id: str | None = None,  # noqa: A002 - it is the line's own word
        baseline_seconds: float | None = None,
        optimized_seconds: float | None = None,
        target: str | None = None,
        user: str | None = None,
        slices: Iterable[str] = (),
    ) -> None:
        """
        Tell of one pair. Never raises, and never waits.

        Args:
            request: What was asked: text, the body in the route's wire format, or None.
            baseline: The answer of the model that users rely on; sdk/line.py says in which forms.
            optimized: The answer of the model on trial.
            id: Names the exchange: labels that come later refer to it. None: made up.
            baseline_seconds: How long each model took, where that is known of both.
            optimized_seconds: See there.
            target: The request's path, such as /v1/chat/completions.
            user: Whose request it is; the daemon keeps a digest only.
            slices: Configured ones that the request is in.

        """
        outbox = self._outbox
        try:
            name = uuid4().hex if id is None else id
            if not self.wants(name):
                outbox.count("sampled_out")
                return
            line = line_of(
                name=name,
                request=request,
                baseline=baseline,
                optimized=optimized,
                seconds=(baseline_seconds, optimized_seconds),
                target=target,
                user=user,
                slices=slices,
            )
            if len(line) > _LINE_MAX_BYTES:
                outbox.count("dropped_unsendable")
            elif outbox.put(line):
                self._start()
        except Exception:  # noqa: BLE001 - whatever a stranger's object raises is no caller's trouble
            outbox.count("dropped_unsendable")

    def skipped(self, why: str) -> None:
        """Count a pair that was not even made."""
        self._outbox.count(why)

    def flush(self, seconds: float) -> bool:
        """Wait until all has been sent, for so long at most; return whether it has."""
        return self._outbox.wait_empty(seconds)

    def close(self, seconds: float | None = None) -> None:
        """Take no more pairs, and wait for those under way, for `exit_seconds` at most."""
        self._outbox.close()
        if self._thread is not None:
            self._outbox.wait_empty(self._exit_seconds if seconds is None else seconds)

    # --- the thread ---

    def _start(self) -> None:
        if self._thread is not None or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                arguments = (self._outbox, self._address)
                thread = threading.Thread(target=_send_on, args=arguments, daemon=True)
                thread.start()
                self._thread = thread
        finally:
            self._starting.release()


def _send_on(outbox: Outbox, address: Address) -> None:
    while lines := outbox.take():
        rest = _FIRST_REST_SECONDS
        sent, refused = address.post(lines)
        while sent is Sent.UNREACHED:
            # Once it is closed there is one more try, and no rest before it.
            is_last = outbox.rest(rest)
            rest = min(2 * rest, _LONGEST_REST_SECONDS)
            sent, refused = address.post(lines)
            if is_last and sent is Sent.UNREACHED:
                sent = Sent.LOST
        if refused:
            outbox.count(Sent.REFUSED.value, refused)
        outbox.settle(sent.value, len(lines) - refused)


def _close_all() -> None:
    for observer in [*_observers]:
        observer.close()


def _begin_all() -> None:
    for observer in [*_observers]:
        observer._begin()  # noqa: SLF001 - the same module


atexit.register(_close_all)
os.register_at_fork(after_in_child=_begin_all)
