"""
What is known of one exchange: whom it asked, when, what came of it; and who is told of that.

Rule: an account is settled once. Whatever was recorded leaves with it, whatever the ending: to lose
      what ended badly would make the optimized model look better than it is.
"""

from __future__ import annotations

from shadowmon.ipc import brief
from shadowmon.ipc.handover import ExchangeHead, ServedHead
from shadowmon.proxy.access_log import NOT_REFUSED, AccessLog, Line
from shadowmon.proxy.answer_head import AnswerHead
from shadowmon.proxy.pick import SOURCE, Choice
from shadowmon.proxy.request_head import RequestHead
from shadowmon.proxy.station import Station
from shadowmon.proxy.tee import Recording
from shadowmon.records import Ending


_COMPLETE = Ending.COMPLETE  # members of an Enum are slow to look up in Python 3.11
_facts = brief.FACTS.pack
_TOLD_BESIDE = 512
"""Bytes of a brief telling beside the request and the answer, about."""


class Account:
    """One exchange, as one would tell of it."""

    ended_at: float
    ending: Ending
    """Not known, and not set, until it is over."""

    __slots__ = (
        "answered",
        "asked_at",
        "began_at",
        "choice",
        "ended_at",
        "ending",
        "failed_first",
        "first_byte_at",
        "head",
        "model",
        "over",
        "recording",
        "station",
        "to_record",
        "whole_answer",
    )

    def __init__(
        self, station: Station, head: RequestHead, choice: Choice, began_at: float
    ) -> None:
        """Begin; times are on the station's clock."""
        self.station = station
        self.head = head
        self.choice = choice
        self.model = choice.model
        """Who is asked now."""
        self.began_at = self.asked_at = began_at
        self.first_byte_at: float | None = None
        self.answered: AnswerHead | None = None
        """The head that the user got."""
        self.failed_first: ServedHead | None = None
        self.over = False
        self.recording: Recording | None = None
        self.to_record = b""
        """A whole request, its head included, that is to be recorded and is not yet: it is kept to
        be sent again until its answer begins, and no recording is needed if that comes whole."""
        self.whole_answer = b""
        """The answer's body, if it came whole."""

    def settle(self, ending: Ending, refused: tuple[int, str] = NOT_REFUSED) -> None:
        """It is over, at `ended_at`; `refused` is what we answered in the model's place."""
        self.over = True
        self.ending = ending
        station = self.station
        if station.log is not None:
            self.note(station.log, refused)
        if self.to_record:
            body, answered = self.whole_answer, self.answered
            most = station.tee.brief_max
            if (
                body
                and answered is not None
                and ending is _COMPLETE
                and len(body) + self.head.length <= most
                and self.failed_first is None
            ):
                self._tell_briefly(station, answered, body)
                return
            self.record()
        recording, self.recording = self.recording, None
        if recording is not None and recording.ends_with(self.whole_answer):
            station.tee.complete(recording, self.exchange(recording))

    def record(self) -> None:
        """Begin to record, with the request that is to be recorded."""
        whole, self.to_record = self.to_record, b""
        recording = self.station.tee.record()
        body = [whole[-self.head.length :]] if whole and self.head.length else []
        if recording is not None and recording.add_request(body):
            self.recording = recording

    def forget(self) -> None:
        """Record nothing, whatever was recorded."""
        self.to_record = b""
        if self.recording is not None:
            self.recording.forget()
            self.recording = None

    def _tell_briefly(self, station: Station, answered: AnswerHead, body: bytes) -> None:
        choice, head, request, began_at = self.choice, self.head, self.to_record, self.began_at
        size, body_size = len(request), len(body)
        facts = _facts(
            brief.MARK,
            len(choice.id),
            size,
            head.length,
            body_size,
            began_at + station.wall_offset,
            (self.first_byte_at or began_at) - began_at,
            self.ended_at - began_at,
        )
        station.tee.complete_whole(
            (facts, choice.told, choice.id, head.told, request, answered.told, body),
            size + body_size + len(answered.told) + _TOLD_BESIDE,
        )

    def note(self, log: AccessLog, refused: tuple[int, str]) -> None:
        """Write a line into the access log."""
        station, choice, first = self.station, self.choice, self.first_byte_at
        log.note(
            Line(
                at=self.began_at + station.wall_offset,
                worker=station.worker,
                id=choice.exchange_id,
                route=choice.route,
                method=self.head.method.decode("latin-1"),
                path=self.head.target.partition(b"?")[0].decode("latin-1"),
                model=self.model,
                status=0 if self.answered is None else self.answered.status,
                ending=self.ending.value,
                refused=refused[0],
                reason=refused[1],
                fell_back=self.failed_first is not None,
                seconds=self.ended_at - self.began_at,
                first_byte_seconds=None if first is None else first - self.began_at,
            )
        )

    def exchange(self, recording: Recording) -> ExchangeHead:
        """Return all that is to be said of it, but for the bodies."""
        choice, head = self.choice, self.head
        return ExchangeHead(
            id=choice.exchange_id,
            route=choice.route,
            source=SOURCE,
            method=head.method,
            target=head.target,
            headers=head.fields,
            received_at=self.began_at + self.station.wall_offset,
            served=self._served(self.ending, self.answered, _size(recording.answer)),
            failed_first=self.failed_first,
            body_bytes=recording.request_bytes,
        )

    def fail_first(self, answer: AnswerHead | None) -> None:
        """The model has failed before its first byte, and another will be asked."""
        self.ended_at = now = self.station.monotonic()
        ending = Ending.UNREACHABLE if answer is None else Ending.COMPLETE
        self.failed_first = self._served(ending, answer, 0)
        self.asked_at = now

    def _served(self, ending: Ending, answer: AnswerHead | None, body_bytes: int) -> ServedHead:
        asked_at, first = self.asked_at, self.first_byte_at
        return ServedHead(
            model=self.model,
            ending=ending,
            status=0 if answer is None else answer.status,
            headers=b"" if answer is None else answer.fields,
            duration_seconds=self.ended_at - asked_at,
            first_byte_seconds=None if first is None else first - asked_at,
            body_bytes=body_bytes,
        )


def _size(pieces: list[bytes]) -> int:
    return len(pieces[0]) if len(pieces) == 1 else sum(map(len, pieces))
