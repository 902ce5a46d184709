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
from shadowmon.ipc.handover import ExchangeHead, Packet
from shadowmon.proxy.plan import Limits


_PIECE_COST = 64
"""Bytes that a piece takes beyond its own, about; else a body of one-byte chunks goes uncounted."""
_TOGETHER_SECONDS = 0.02
"""How long an exchange waits at most for others to go with it. Where there is much to do a packet
is full before that; where there is little, each wake-up and each setting of the clock is felt."""


class Recording:
    """The two bodies of one exchange under way; `tee` takes it back, in one way or another."""

    __slots__ = ("_tee", "answer", "answer_bytes", "held", "request", "request_bytes")

    def __init__(self, tee: Tee) -> None:
        self._tee = tee
        self.held = 0
        """Bytes that it takes."""
        self.request: list[bytes] = []
        self.answer: list[bytes] = []
        self.request_bytes = 0
        self.answer_bytes = 0

    def add_request(self, pieces: Sequence[bytes]) -> bool:
        """Keep more of the request's body; False if the recording is over because of it."""
        self.request += pieces
        size = len(pieces[0]) if len(pieces) == 1 else sum(map(len, pieces))
        self.request_bytes += size
        return self._keeps(self.request_bytes, size + len(pieces) * _PIECE_COST)

    def grew(self, size: int) -> bool:
        """Account for `size` bytes on `answer`; False if the recording is over because of it."""
        self.answer_bytes = body = self.answer_bytes + size
        return self._keeps(body, size + _PIECE_COST)

    def _keeps(self, body: int, cost: int) -> bool:
        tee = self._tee
        self.held += cost
        tee.held = held = tee.held + cost
        if body <= tee.body_max and held <= tee.total_max:
            return True
        tee.slot.add(Count.OVERSIZE if body > tee.body_max else Count.TEE_FULL)
        self.forget()
        return False

    def forget(self) -> None:
        """Let go of everything."""
        self._tee.held -= self.held
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
        self.held = 0
        """Bytes of all recordings, those that wait to be handed over included."""
        self._sock = sock
        self._loop = loop
        self._packet = Packet()
        """Exchanges that wait to be handed over."""
        self._packet_held = 0
        self._timed = False
        """They will be handed over soon, even if no more come."""

    def record(self) -> Recording | None:
        """Begin to keep an exchange; None if too much is kept already."""
        if self.held > self.total_max:
            self.slot.add(Count.TEE_FULL)
            return None
        return Recording(self)

    def complete(self, recording: Recording, head: ExchangeHead) -> None:
        """Hand over an exchange, very soon."""
        if not self._packet.has_room(recording.held):
            self.flush()
        self._packet.add(head, recording.request, recording.answer)
        self._packet_held += recording.held
        if not self._timed:
            self._timed = True
            self._loop.call_later(_TOGETHER_SECONDS, self._flush_in_time)

    def _flush_in_time(self) -> None:
        self._timed = False
        self.flush()

    def flush(self) -> None:
        """Hand over everything that is complete."""
        complete = self._packet.exchanges
        self.held -= self._packet_held
        self._packet_held = 0
        handed_over = self._packet.send(self._sock)
        self.slot.add(Count.HANDED_OVER, handed_over)
        self.slot.add(Count.SHED, complete - handed_over)
