"""
What is known of one exchange: whom it asked, when, what came of it; and who is told of that.

Rule: an account is settled once. Whatever was recorded leaves with it, whatever the ending: to lose
      what ended badly would make the optimized model look better than it is.
"""

from __future__ import annotations

from shadowmon.ipc.handover import ExchangeHead, ServedHead
from shadowmon.proxy.access_log import NOT_REFUSED, AccessLog, Line
from shadowmon.proxy.answer_head import AnswerHead
from shadowmon.proxy.pick import Choice
from shadowmon.proxy.request_head import RequestHead
from shadowmon.proxy.station import Station
from shadowmon.proxy.tee import Recording
from shadowmon.records import Ending


SOURCE = "proxy"


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

    def settle(self, ending: Ending, refused: tuple[int, str] = NOT_REFUSED) -> None:
        """It is over, at `ended_at`; `refused` is what we answered in the model's place."""
        self.over = True
        self.ending = ending
        station = self.station
        if station.log is not None:
            self.note(station.log, refused)
        recording = self.recording
        if recording is not None:
            self.recording = None
            station.tee.complete(recording, self.exchange(recording))

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
