"""
Which recorded requests may be asked again, and what each of them asks. Pure but for the codec.

The rules are the mirror's own: no writes, no tools that a server runs, no agents' turns
(daemon/eligibility.py); and none of the mirror's own calls, which a recording may well hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.eligibility import WRITE, skip_reason, writes
from shadowmon.daemon.recording import Recording
from shadowmon.errors import CodecError
from shadowmon.mirror.pairing import seen_answers
from shadowmon.records import NOTHING_ASKED, SHADOW_HEADER, Exchange, Question
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.recordings.index import Slot
from shadowmon.traffic.recordings.recording import Arms, RecordingError, exchange_of
from shadowmon.traffic.redact import Redaction
from shadowmon.traffic.routing import Routing
from shadowmon.traffic.slicing import Slicing


OWN_CALL = "it is a shadow call of shadowmon's own"
UNREADABLE = "the codec cannot read it: {}"
NOT_MIRRORED = "it is never mirrored: {}"
BUG = "a bug in shadowmon or a plugin: {}"


class UnfitError(Exception):
    """A request is not asked again. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A recorded request, ready to be asked again."""

    exchange: Exchange
    question: Question
    shown: Question
    """The same without what redaction takes out, for what is written."""
    label: str | None
    needs_call: bool
    """Does either model still have to answer?"""


class Requests:
    """Reads the requests of a recording."""

    def __init__(
        self, settings: Settings, arms: Arms, codec: Codec, recording: Recording, clock: Clock
    ) -> None:
        """
        Args:
            settings: The configuration.
            arms: The trial's route and models.
            codec: The route's.
            recording: Where they are.
            clock: Tells when a request is made that does not tell it itself.

        """
        self._side_effects = settings.mirror.side_effects
        self._arms = arms
        self._codec = codec
        self._recording = recording
        self._clock = clock
        self._routing = Routing(settings.routes)
        self._slicing = Slicing(settings.traffic.slices, slices_max=settings.traffic.slices_max)
        redaction = settings.traffic.redaction
        self._redaction = Redaction(redaction) if redaction.fields or redaction.patterns else None

    def read(self, slot: Slot) -> Asked:
        """
        Read one.

        Raises:
            UnfitError: If it is not to be asked again.

        """
        try:
            found = self._recording.read(slot)
        except RecordingError as error:
            raise UnfitError(str(error)) from None
        moment = self._clock.now() if slot.at is None else _moment(slot.at)
        exchange = exchange_of(found, exchange_id=slot.id, received_at=moment, arms=self._arms)
        question = self._question(exchange)
        shown = question if self._redaction is None else self._shown(exchange, self._redaction)
        answered = {each.model for each in seen_answers(exchange)}
        return Asked(
            exchange=replace(exchange, slices=self._slicing.slices_of(exchange)),
            question=question,
            shown=shown,
            label=found.label,
            needs_call=not {self._arms.baseline, self._arms.optimized} <= answered,
        )

    def _question(self, exchange: Exchange) -> Question:
        if any(name == SHADOW_HEADER for name, _ in exchange.headers):
            raise UnfitError(OWN_CALL)
        route = self._routing.route_of(exchange.target)
        if route != self._arms.route:
            problem = "of no route" if route is None else f"of route {route}"
            msg = f"it is {problem}, and the trial is on {self._arms.route}"
            raise UnfitError(msg)
        if writes(exchange):
            raise UnfitError(NOT_MIRRORED.format(WRITE))
        try:
            ask = self._codec.read_request(exchange)
            reason = skip_reason(exchange, ask, self._side_effects)
        except CodecError as error:
            raise UnfitError(UNREADABLE.format(error)) from None
        except Exception as error:  # noqa: BLE001 - one request must not end the others
            raise UnfitError(BUG.format(type(error).__name__)) from None
        if reason:
            raise UnfitError(NOT_MIRRORED.format(reason))
        return ask.question

    def _shown(self, exchange: Exchange, redaction: Redaction) -> Question:
        try:
            return self._codec.read_request(redaction.redact(exchange)).question
        except Exception:  # noqa: BLE001 - what redaction left of it need not be a request any more
            return NOTHING_ASKED


def _moment(at: float) -> datetime:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        msg = "its time is beyond all calendars"
        raise UnfitError(msg) from None
