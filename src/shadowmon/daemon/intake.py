"""
The first half of the hot loop: exchange -> read -> eligible? -> slice -> sample -> pairs.

Every step that drops an exchange counts it, with the reason (daemon/funnel.py). Nothing here may
wait without a bound: the line in front is bounded, calls have deadlines, the scorer pool has
deadlines.
"""

from __future__ import annotations

import asyncio

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog

from shadowmon.clock import Clock
from shadowmon.config.measures import metrics_of
from shadowmon.config.settings import Settings
from shadowmon.daemon import funnel
from shadowmon.daemon.funnel import Passage
from shadowmon.daemon.live_pairs import LivePairs
from shadowmon.daemon.recorded import LineError
from shadowmon.daemon.scorekeeping import Scorekeeper
from shadowmon.daemon.selecting import Selecting
from shadowmon.daemon.shadowing import Shadowing
from shadowmon.daemon.split_check import SplitCheck
from shadowmon.daemon.turns import Turn
from shadowmon.daemon.watched import Watched, WatchedTrial
from shadowmon.daemon.watching import Watching
from shadowmon.daemon.whereabouts import whereabouts
from shadowmon.ipc.board import Board
from shadowmon.ipc.handover import LostError
from shadowmon.ipc.report import Tally
from shadowmon.mirror.pairing import SHED, seen_answers
from shadowmon.mirror.sessions import Sessions
from shadowmon.mirror.shedding import WaitingLine
from shadowmon.records import (
    Exchange,
    Metric,
    MetricName,
    Outcome,
    Pair,
    RouteName,
    TrialId,
)
from shadowmon.telemetry.spans import NO_SPANS, Attribute, Spans, open_spans
from shadowmon.telemetry.tallies import Tallies
from shadowmon.telemetry.tracing import context_of
from shadowmon.traffic import ready_pairs
from shadowmon.traffic.asker import asker_of
from shadowmon.traffic.redact import Redaction, kept_id
from shadowmon.traffic.slicing import Slicing


log = structlog.get_logger()

_DRAIN_SECONDS = 3.0


class Intake:
    """Takes exchanges in; counts are what comes out."""

    def __init__(
        self,
        *,
        settings: Settings,
        board: Board,
        clock: Clock,
        metrics: Mapping[TrialId, Mapping[MetricName, Metric]],
    ) -> None:
        self.board = board
        self.tallies = Tallies()
        self.flush_seconds = settings.daemon.flush_seconds
        self._settings = settings
        self._clock = clock
        self._keeper = Scorekeeper(
            settings=settings, clock=clock, metrics=metrics, tallies=self.tallies
        )
        self._shadowing = Shadowing(settings, clock, self.tallies)
        self._selecting = Selecting(settings, board)
        self._split_check = SplitCheck(settings, board, clock, self.tallies)
        self._slicing = Slicing(settings.traffic.slices, slices_max=settings.traffic.slices_max)
        self._redaction = Redaction(settings.traffic.redaction, privacy=settings.traffic.privacy)
        self._watching: Watching | None = None
        self._live: LivePairs | None = None
        self._sessions = Sessions()
        self._spans: Spans = NO_SPANS
        self._line: WaitingLine[Exchange] = WaitingLine(
            in_flight_max=settings.mirror.in_flight_max,
            queue_max=settings.mirror.queue_max,
            size_max=settings.mirror.queue_bytes_max,
        )
        self._moved = asyncio.Event()
        self._metrics = metrics
        self._trials_of = {
            RouteName(route): [
                TrialId(name) for name, trial in settings.trials.items() if trial.route == route
            ]
            for route in settings.routes
        }
        self.count_by = self._keeper.count_by
        self.mark_all_changed = self._keeper.mark_all_changed
        self.take_changed = self._keeper.take_changed
        self.take_awaiting = self._keeper.take_awaiting
        self.take_exposures = self._keeper.take_exposures

    @classmethod
    def build(cls, settings: Settings, board: Board, clock: Clock) -> Intake:
        """Put it together from settings."""
        metrics = {
            TrialId(name): metrics_of(settings, trial) for name, trial in settings.trials.items()
        }
        return cls(settings=settings, board=board, clock=clock, metrics=metrics)

    async def __aenter__(self) -> Self:
        """Open connections and start the scorer processes."""
        self._spans = open_spans(self._settings.telemetry.tracing, "scoring")
        self._watching = Watching(
            self._settings, self._sessions, self._clock, self._metrics, spans=self._spans
        )
        codecs = {name: route.codec for name, route in self._watching.routes.items()}
        self._live = LivePairs(self._settings, codecs)
        await self._keeper.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them, in bounded time."""
        await self._keeper.__aexit__(kind, error, trace)
        await self._sessions.__aexit__(kind, error, trace)
        await asyncio.to_thread(self._spans.close)

    # --- in ---

    def offer(self, exchange: Exchange) -> None:
        """Let an exchange wait its turn; if the line is full, it is shed."""
        answered = sum(len(each.body) for each in seen_answers(exchange))
        if self._line.offer(exchange, size=len(exchange.body) + answered):
            self._moved.set()
        else:
            passage = self._passage(exchange)
            passage.leave(funnel.SHED)
            passage.close()

    def lose(self, lost: LostError) -> None:
        """Count exchanges that could not be taken in; whose they were nobody knows any more."""
        log.error("daemon.exchanges_lost", problem=str(lost))
        self.tallies.add("exchanges_total", "mirror", funnel.SHED, by=lost.exchanges)

    async def work(self) -> None:
        """Process what waits, so many at one time, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shadowing.keep_books())
            while True:
                await self._moved.wait()
                self._moved.clear()
                while exchange := self._line.start():
                    tasks.create_task(self._process(exchange))

    async def drain(self) -> None:
        """Wait until all that was taken in is counted, for a bounded time."""
        deadline = self._clock.monotonic() + _DRAIN_SECONDS
        while (self._line.waiting or self._line.in_flight) and self._clock.monotonic() < deadline:
            await self._clock.sleep(0.02)
        self._keeper.close_all()
        self._shadowing.close_books()

    def gauges(self) -> tuple[Tally, ...]:
        """Return the lengths of this moment."""
        self.tallies.set("mirror_queue_length", value=self._line.waiting)
        self.tallies.set("mirror_queue_capacity", value=self._settings.mirror.queue_max)
        self.tallies.set("mirror_in_flight", value=self._line.in_flight)
        self._keeper.set_gauges()
        self._split_check.set_gauges()
        if self._watching:
            self._shadowing.set_gauges(self._watching.arms)
        return self.tallies.gauges()

    # --- one exchange ---

    def _passage(self, exchange: Exchange) -> Passage:
        return Passage(self.tallies, exchange, self._trials_of.get(exchange.route, ()))

    async def _process(self, exchange: Exchange) -> None:
        passage = self._passage(exchange)
        try:
            await self._mirror(exchange, passage)
        except Exception as error:  # noqa: BLE001 - one exchange's trouble must not end the others
            log.error(  # noqa: TRY400 - a traceback quotes what the error stumbled over
                "daemon.exchange_failed",
                exchange_id=self._redaction.known_as(exchange.id),
                target=self._redaction.redact_target(exchange.target),
                error=whereabouts(error),
            )
        finally:
            passage.close()
            self._line.finish()
            self._moved.set()

    async def _mirror(self, exchange: Exchange, passage: Passage) -> None:
        route = self._watching.routes.get(exchange.route) if self._watching else None
        if route is None or not route.trials:
            passage.leave(funnel.UNWATCHED)
            return
        if exchange.source == ready_pairs.SOURCE:
            await self._fold(exchange, route, passage)
            return
        asker = asker_of(exchange, route.settings.sticky)
        self._split_check.take(exchange, route, asker)
        self._shadowing.admission.saw(exchange.served, {route.baseline})
        watchers = self._selecting.watchers(route, passage)
        ask = self._selecting.eligible(exchange, route, passage) if watchers else None
        if ask is None:
            return
        exchange = replace(exchange, slices=self._slicing.slices_of(exchange))
        rate = self._selecting.drawn(exchange, route, passage)
        if not rate:
            return
        exchange = replace(exchange, id=kept_id(exchange.id, self._settings.traffic.privacy))
        with self._keeper.turns.turn(exchange.route) as turn:
            pairs = await self._shadowing.pairs(exchange, route, watchers, passage)
            await self._score(
                exchange,
                [
                    (trial, replace(each, rate=rate, cluster=asker, question=ask.question))
                    for trial, each in pairs
                ],
                turn,
            )

    async def _fold(self, exchange: Exchange, route: Watched, passage: Passage) -> None:
        """Score a pair that came with both answers: nothing is called for it."""
        wanted = ready_pairs.trial_of(exchange.target)
        watchers = [
            (trial, ref)
            for trial, ref in self._selecting.watchers(route, passage)
            if trial.trial_id == wanted
        ]
        if not watchers or self._live is None:
            passage.leave(funnel.UNWATCHED)
            return
        ((trial, ref),) = watchers
        passage.leave(funnel.UNWATCHED, [e.trial_id for e in route.trials if e is not trial])
        try:
            pair = self._live.pair(exchange, ref)
        except LineError:
            passage.leave(funnel.REFUSED)
            return
        rate = self._selecting.drawn(replace(exchange, slices=pair.slices), route, passage)
        if not rate:
            return
        if Outcome.SHED in {pair.baseline.outcome, pair.optimized.outcome}:
            passage.unpair([(trial.trial_id, SHED)])
        else:
            passage.pair([pair])
            known = kept_id(pair.exchange_id, self._settings.traffic.privacy)
            with self._keeper.turns.turn(exchange.route) as turn:
                found = (trial, replace(pair, rate=rate, exchange_id=known))
                await self._score(exchange, [found], turn)

    async def _score(
        self, exchange: Exchange, pairs: list[tuple[WatchedTrial, Pair]], turn: Turn
    ) -> None:
        if not pairs:
            return
        context = context_of(exchange.headers)
        about: dict[str, Attribute] = {"route": exchange.route, "pairs": len(pairs)}
        try:
            with self._spans.span("scoring.pairs_scored", context, about):
                await self._keeper.score(pairs, turn)
        except BaseException:
            for trial, _ in pairs:
                self.tallies.add("unscorable_total", trial.trial_id, "failed")
            raise
