"""
One request's way: to a model, perhaps to another one, and its answer's way back.

    User --- Passage --- Upstream
               |
              Tee

Rule 1: until the first byte of an answer has gone to the user the request may be sent again: once
        more when a reused connection turned out dead, and once to the baseline when the optimized
        model failed. For that it is kept, up to a limit. Afterwards nothing is tried again.
Rule 2: an answer that ends too early cuts the user's connection; it never gets a clean end.
Rule 3: a passage ends once, by `_end`, and whatever was recorded leaves with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.ipc.board import Count
from shadowmon.proxy.access_log import NOT_REFUSED
from shadowmon.proxy.answer_head import (
    CONTINUE,
    AnswerHead,
    answer_wire,
    informational_wire,
    switching_wire,
)
from shadowmon.proxy.framing import CHUNKED, UNTIL_CLOSE
from shadowmon.proxy.kept import Kept
from shadowmon.proxy.line import CONNECTING, FULL
from shadowmon.proxy.pick import Choice, Watch
from shadowmon.proxy.request_head import RequestHead
from shadowmon.proxy.sides import Answerer, Asker
from shadowmon.proxy.station import Station
from shadowmon.proxy.tunnel import dig
from shadowmon.records import Ending


_BASELINE, _OPTIMIZED = 0, 1
# Members of an Enum are slow to look up in Python 3.11, and these are looked up for each request.
_YES, _OUT, _ = Watch
_SAMPLED_OUT, _UNROUTED = Count.SAMPLED_OUT, Count.UNROUTED
_COMPLETE = Ending.COMPLETE
_FIRST_FAILURE = 500


class _Wait:
    """A passage's wait for a connection; once it goes another way it hears no more of that."""

    __slots__ = ("_model", "_passage")

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._model = passage.model

    @property
    def waits(self) -> bool:
        """See `Waiter`."""
        return self._passage.waits_for(self._model)

    def connected(self, upstream: Answerer) -> None:
        """See `Waiter`."""
        if self.waits:
            self._passage.connected(upstream)
        else:
            upstream.leave()

    def unreachable(self) -> None:
        """See `Waiter`."""
        if self.waits:
            self._passage.unreachable()


class Passage(Kept):
    """One exchange under way."""

    __slots__ = (
        "_retried",
        "_upstream",
        "_user",
        "_waiting",
        "unchunks",
        "uploaded",
    )

    def __init__(
        self,
        station: Station,
        user: Asker,
        head: RequestHead,
        choice: Choice,
        *,
        whole: bytes = b"",
    ) -> None:
        """
        Begin one.

        Args:
            station: Of all.
            user: Whose request it is.
            head: The request's.
            choice: Whom to ask.
            whole: All the bytes for the model server, if the whole request is here. They are sent
                before anything is noted: the model server is at work meanwhile.

        """
        began_at = station.monotonic()
        pool = station.pools[choice.model]
        upstream = pool.take()
        if whole and upstream is not None:
            upstream.transport.write(whole)
        Kept.__init__(self, station, head, choice, began_at)  # super() would be slow, here
        self._user = user
        self._upstream: Answerer | None = None
        self._waiting: list[bytes] = []
        """What is to be sent as soon as there is a connection."""
        self._retried = False
        self.uploaded = bool(whole)
        """The whole request was passed on."""
        self.unchunks = False
        """The answer's chunks are taken apart, for a user who speaks HTTP/1.0."""
        if whole:
            self.keep(whole)
        if choice.watch is _YES:
            self.to_record = whole
            if not whole or choice.added or self.kept is None:
                self.record()
        else:
            station.slot.add(_SAMPLED_OUT if choice.watch is _OUT else _UNROUTED)
        if choice.trial is not None:
            station.slot.add_served(choice.trial)
        if upstream is not None:
            self._join(upstream)
        else:
            self._waiting = [whole] if whole else []
            pool.connect(_Wait(self))

    # --- the request's way ---

    def _join(self, upstream: Answerer) -> None:
        self._upstream = upstream
        upstream.passage = self
        if self._user.choked:
            upstream.hold(FULL)
        if upstream.choked:
            self._user.hold(FULL)

    def waits_for(self, model: str) -> bool:
        """Is a connection to this model still wanted?"""
        return not self.over and self._upstream is None and self.model == model

    def connected(self, upstream: Answerer) -> None:
        """There is a new connection (from `_Wait`)."""
        self._join(upstream)
        waiting, self._waiting = self._waiting, []
        if waiting:
            upstream.transport.write(waiting[0] if len(waiting) == 1 else b"".join(waiting))
        self._user.release(CONNECTING)

    def unreachable(self) -> None:
        """There is no connection to be had (from `_Wait`)."""
        self._fail(502, "the model server could not be reached")

    def upload(self, wire: bytes, payload: Sequence[bytes], *, last: bool) -> None:
        """
        Send more of the request.

        Args:
            wire: The bytes for the model server.
            payload: What of the request's body is in them.
            last: It is the request's end.

        """
        self.uploaded = last
        if self._upstream is not None:
            self._upstream.transport.write(wire)
        else:
            self._waiting.append(wire)
            if not last:
                self._user.hold(CONNECTING)
        self.keep(wire)
        recording = self.recording
        if recording is not None and payload and not recording.add_request(payload):
            self.recording = None

    def hold_upload(self) -> None:
        """The model server does not take what was sent."""
        self._user.hold(FULL)

    def release_upload(self) -> None:
        """The model server has taken it."""
        self._user.release(FULL)

    # --- the answer's way ---

    def inform(self, head: AnswerHead) -> None:
        """Pass on a head that comes before the real one; a 100 was ours to give."""
        if not self.head.old and head.status != CONTINUE:
            self._user.transport.write(informational_wire(head))

    def answer(self, head: AnswerHead, whole: bool) -> bytes | None:
        """See `Way`; where the passage goes another way instead there is no head for the user."""
        if head.status >= _FIRST_FAILURE and self._may_fall_back():
            self._fall_back(head)
            return None
        self.answered = head
        self.let_go()
        if not whole and self.to_record:
            self.record()
        user, old = self._user, self.head.old
        self.unchunks = old and head.length == CHUNKED
        user.closes = (
            user.closes
            or self.head.close
            or self.unchunks
            or head.length == UNTIL_CLOSE
            or not self.uploaded
            or self.station.draining
        )
        return answer_wire(head, old=old, close=user.closes)

    def write(self, data: bytes) -> None:
        """Send bytes to the user that belong to no body."""
        self._user.write(data)

    def write_body(self, wire: bytes, data: bytes) -> None:
        """Send a part of the answer's body, after the bytes of `wire`."""
        if self.first_byte_at is None:
            self.first_byte_at = self.station.monotonic()
        self._user.write(wire + data)
        recording = self.recording
        if recording is not None and not recording.grew(len(data)):
            self.recording = None

    def write_whole(self, wire: bytes, body: bytes) -> None:
        """Send the whole answer: its head, which is `wire`, and its body."""
        self.first_byte_at = self.station.monotonic()
        self._user.write(wire + body)
        self.whole_answer = body

    def finish(self) -> None:
        """The answer is whole (and its connection is no longer ours)."""
        self._upstream = None
        # What came of a request that was never whole is no measure of anything.
        self._end(_COMPLETE if self.uploaded else Ending.CLIENT_GONE)
        self.station.slot.add_answer(
            _BASELINE if self.model == self.choice.baseline else _OPTIMIZED,
            self.ended_at - self.began_at,
        )
        self._user.turn_over()

    # --- when something goes wrong ---

    def lost(self, *, may_be_stale: bool) -> None:
        """The connection ended before the answer did."""
        self._upstream = None
        self._user.release(FULL)
        if self.answered is not None:
            self.station.slot.add(Count.TRUNCATED)
            self._end(Ending.TRUNCATED)
            self._user.cut()
        elif may_be_stale and self._may_retry():
            self._retried = True
            self.station.slot.add(Count.RETRIED)
            self._send_again(fresh=True)
        else:
            self._fail(502, "the model server ended the connection without an answer")

    def _may_retry(self) -> bool:
        return not self._retried and self.kept is not None and self.station.limits.retry_stale

    def expire(self) -> None:
        """Nothing has come from the model server for too long."""
        if self._upstream is not None:
            self._upstream.fail()
            self._leave()
        if self.answered is None:
            self._fail(504, "the model server did not answer in time")
        else:
            self.station.slot.add(Count.TRUNCATED)
            self._end(Ending.TRUNCATED)
            self._user.cut()

    def user_gone(self, refused: tuple[int, str] = NOT_REFUSED) -> None:
        """The user has gone, or will get no more than `refused`: the model need not go on."""
        if self.over:
            return
        self._leave()
        self.station.slot.add(Count.CLIENT_GONE)
        self._end(Ending.CLIENT_GONE, refused)

    def abandon(self, refused: tuple[int, str]) -> None:
        """The request turned out malformed: nothing of it is worth keeping."""
        self._leave()
        self.forget()
        self._end(Ending.CLIENT_GONE, refused)

    def _leave(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.leave()
            self._user.release(FULL)

    def _fail(self, status: int, problem: str) -> None:
        if self._may_fall_back():
            self._fall_back(None)
            return
        self._leave()
        self.station.slot.add(Count.UPSTREAM_FAILED)
        self._end(Ending.UNREACHABLE, (status, problem))
        self._user.refuse(status, problem)

    def _may_fall_back(self) -> bool:
        return self.model != self.choice.baseline and self.kept is not None

    def _fall_back(self, head: AnswerHead | None) -> None:
        """Ask the baseline: the optimized model failed before its first byte."""
        self._leave()
        self.fail_first(head)
        slot = self.station.slot
        slot.add(Count.FELL_BACK)
        if self.choice.trial is not None:
            slot.add_fell_back(self.choice.trial)
        self.model = self.choice.baseline
        self._retried = False  # of the other model's connections
        self._send_again(fresh=False)

    def _send_again(self, *, fresh: bool) -> None:
        kept = self.kept or []
        pool = self.station.pools[self.model]
        upstream = None if fresh else pool.take()
        self._user.asked_again()
        if upstream is None:
            self._waiting = list(kept)
            if not self.uploaded:
                self._user.hold(CONNECTING)
            pool.connect(_Wait(self))
        else:
            self._waiting = []
            self._join(upstream)
            upstream.transport.write(b"".join(kept))
            self._user.release(CONNECTING)

    def switch(self, head: AnswerHead, rest: bytes) -> None:
        """The connection speaks something else from here on; that is never recorded."""
        upstream, self._upstream = self._upstream, None
        self.forget()
        self.let_go()
        self.over = True
        if upstream is None:
            return
        self.station.slot.add(Count.TUNNELLED)
        down = switching_wire(head, self.head.upgrade or b"") + rest
        dig(self.station, self._user, upstream, down=down)

    # --- flow control ---

    def choke(self) -> None:
        """The user does not take what was sent."""
        if self._upstream is not None:
            self._upstream.hold(FULL)

    def unchoke(self) -> None:
        """The user has taken it."""
        if self._upstream is not None:
            self._upstream.release(FULL)

    # --- the end ---

    @property
    def answering(self) -> bool:
        """Has the user got the answer's head?"""
        return self.answered is not None

    def _end(self, ending: Ending, refused: tuple[int, str] = NOT_REFUSED) -> None:
        self.ended_at = self.station.monotonic()
        if self.kept is not None:
            self.let_go()
        self.settle(ending, refused)
