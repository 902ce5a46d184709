"""
What is kept of an exchange while it passes, and handed over once it is through.

A recording holds references to the very bytes that went to the other side. It is handed over a
moment after the user has the answer, together with others: whoever reads need not be woken for
each. Nothing on the user's way ever waits for it.

Rule 1: bounded: each body, and all that one worker holds. What is beyond is let go and counted.
Rule 2: an exchange that ended badly is handed over too, with its ending; to lose it silently
        would make the optimized model look better than it is.
"""

from __future__ import annotations

import asyncio
import socket

from collections.abc import Sequence

from shadowmon.ipc.board import Count, Slot
from shadowmon.ipc.handover import TOGETHER_MAX, ExchangeHead, Packet, Parcel
from shadowmon.proxy.plan import Limits


_PIECE_COST = 64
"""Bytes that a piece takes beyond its own, about; else a body of one-byte chunks goes uncounted."""
_TOGETHER_SECONDS = 0.02
"""How long an exchange waits at most for others to go with it. Where there is much to do a packet
is full before that; where there is little, each wake-up and each setting of the clock is felt."""


class Recording:
    """The two bodies of one exchange under way; `tee` takes it back, in one way or another."""

    __slots__ = ("_answer_bytes", "_tee", "answer", "held", "request", "request_bytes")

    def __init__(self, tee: Tee) -> None:
        self._tee = tee
        self.held = 0
        """Bytes that it takes."""
        self.request: list[bytes] = []
        self.answer: list[bytes] = []
        self.request_bytes = 0
        self._answer_bytes = 0

    def add_request(self, pieces: Sequence[bytes]) -> bool:
        """Keep more of the request's body; False if the recording is over because of it."""
        self.request += pieces
        size = len(pieces[0]) if len(pieces) == 1 else sum(map(len, pieces))
        self.request_bytes += size
        return self._keeps(self.request_bytes, size + len(pieces) * _PIECE_COST)

    def grew(self, size: int) -> bool:
        """Account for `size` bytes on `answer`; False if the recording is over because of it."""
        self._answer_bytes = body = self._answer_bytes + size
        return self._keeps(body, size + _PIECE_COST)

    def _keeps(self, body: int, cost: int) -> bool:
        tee = self._tee
        self.held += cost
        tee.recorded = held = tee.recorded + cost
        if body <= tee.body_max and held <= tee.total_max:
            return True
        tee.slot.add(Count.OVERSIZE if body > tee.body_max else Count.TEE_FULL)
        self.forget()
        return False

    def ends_with(self, body: bytes) -> bool:
        """Take the answer's body if it came whole; False if the recording is over because of it."""
        if body:
            self.answer.append(body)
        return not body or self.grew(len(body))

    def forget(self) -> None:
        """Let go of everything."""
        self._tee.recorded -= self.held
        self.held = 0
        self.request = []
        self.answer = []


class Tee:
    """All recordings of one worker, and where they go."""

    def __init__(
        self,
        sock: socket.socket | None,
        slot: Slot,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.slot = slot
        self.body_max = limits.tee_body_max_bytes
        self.total_max = limits.tee_total_max_bytes
        self.brief_max = min(self.body_max, self.total_max)
        """Bytes of both bodies of an exchange that is told briefly."""
        self.recorded = 0
        """Bytes of all recordings under way."""
        self._sock = sock
        self._loop = loop
        self._packet = Packet()
        """Exchanges that wait to be handed over."""
        self._timed = False
        """They will be handed over soon, even if no more come."""

    @property
    def held(self) -> int:
        """Bytes of all recordings, and of what waits to be handed over."""
        return self.recorded + self._packet.size

    def record(self) -> Recording | None:
        """Begin to keep an exchange; None if too much is kept already."""
        if self.held > self.total_max:
            self.slot.add(Count.TEE_FULL)
            return None
        return Recording(self)

    def complete(self, recording: Recording, head: ExchangeHead) -> None:
        """Hand over an exchange, very soon."""
        self.recorded -= recording.held
        if self._packet.size + recording.held > TOGETHER_MAX:
            self.flush()
        self._packet.add(Parcel(head, recording.request, recording.answer))
        self._flush_later()

    def complete_whole(self, pieces: tuple[bytes, ...], size: int) -> None:
        """Hand over an exchange that is told as `ipc.brief` says; `size` is its bytes, about."""
        packet = self._packet
        if packet.size + size > TOGETHER_MAX:
            self.flush()
        packet.add_brief(pieces, size)
        if not self._timed:
            self._flush_later()

    def _flush_later(self) -> None:
        if not self._timed:
            self._timed = True
            self._loop.call_later(_TOGETHER_SECONDS, self._flush_in_time)

    def _flush_in_time(self) -> None:
        self._timed = False
        self.flush()

    def flush(self) -> None:
        """Hand over everything that is complete."""
        complete = self._packet.exchanges
        handed_over = self._packet.send(self._sock)
        self.slot.add(Count.HANDED_OVER, handed_over)
        self.slot.add(Count.SHED, complete - handed_over)
