"""
The hot loop: exchange -> read -> slice -> mirror -> pair -> score -> count.

Every step that drops an exchange or a pair counts it, with the reason. Nothing here may wait
without a bound: the line in front is bounded, calls have deadlines, the scorer pool has deadlines.
"""

from __future__ import annotations

import asyncio

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from shadowmon.clock import Clock
from shadowmon.config.measures import metrics_of, primary_of, scored_by, scorers_of
from shadowmon.config.settings import LabelCoverage, Settings
from shadowmon.daemon import build
from shadowmon.daemon.dependence import Gate
from shadowmon.daemon.scorer_pool import Lost, ScorerPool
from shadowmon.daemon.self_check import SelfCheck, self_pair
from shadowmon.errors import CodecError
from shadowmon.evidence.quantile import QuantileOfBefore
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.ipc.counted import Counted
from shadowmon.ipc.report import Tally
from shadowmon.mirror.arm import Arm, open_session
from shadowmon.mirror.dispatch import Dispatcher
from shadowmon.mirror.pairing import TrialRef, models_needed, pair
from shadowmon.mirror.shedding import WaitingLine
from shadowmon.records import (
    Awaiting,
    Cell,
    Counts,
    Exchange,
    Metric,
    MetricName,
    ModelName,
    Observation,
    Outcome,
    Pair,
    Reply,
    RouteName,
    Score,
    TrialId,
)
from shadowmon.scoring.panel import unscored
from shadowmon.scoring.slowness import SLOW
from shadowmon.scoring.truth import said
from shadowmon.sticky import SPAN, place
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.asker import asker_of
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.redact import Redaction
from shadowmon.traffic.settings import RouteSettings
from shadowmon.traffic.slicing import Slicing


log = structlog.get_logger()

_DRAIN_SECONDS = 3.0
_THINNING = b"shadowmon-thinning"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedTrial:
    """One trial of a route, as the hot loop needs it."""

    number: int
    trial_id: TrialId
    baseline: ModelName
    optimized: ModelName
    expects_labels: bool
    self_check: SelfCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One route with trials."""

    settings: RouteSettings
    codec: Codec
    dispatcher: Dispatcher
    trials: tuple[WatchedTrial, ...]
    first_rate: float
    """Share of its requests that come here; each is thinned to its own rate."""

    @property
    def baseline(self) -> ModelName:
        """Every trial of a route has the same."""
        return self.trials[0].baseline


class Intake:
    """Takes exchanges in; counts are what comes out."""

    def __init__(
        self,
        *,
        settings: Settings,
        board: Board,
        clock: Clock,
        metrics: Mapping[TrialId, Mapping[MetricName, Metric]],
        panels: Mapping[TrialId, Sequence[str]],
    ) -> None:
        self.board = board
        self.tallies = Tallies()
        self.flush_seconds = settings.daemon.flush_seconds
        self._settings = settings
        self._clock = clock
        self._pool = ScorerPool(settings.scoring, panels, clock, self._lost)
        self._slicing = Slicing(settings.traffic.slices, slices_max=settings.traffic.slices_max)
        self._redaction = Redaction(settings.traffic.redaction)
        self._routes: dict[RouteName, Watched] = {}
        self._session: aiohttp.ClientSession | None = None
        self._line: WaitingLine[Exchange] = WaitingLine(
            in_flight_max=settings.mirror.in_flight_max,
            queue_max=settings.mirror.queue_max,
            size_max=settings.mirror.queue_bytes_max,
        )
        self._moved = asyncio.Event()
        self._awaiting: list[Awaiting] = []
        self._metrics = metrics
        self._gates: dict[TrialId, Gate] = {}
        scoring = settings.scoring
        self._quantiles = {
            trial: QuantileOfBefore(scoring.slow_quantile, scoring.slow_block) for trial in metrics
        }
        self._declared = {
            TrialId(name): scored_by(trial) for name, trial in settings.trials.items()
        }
        self._counted: dict[TrialId, Mapping[MetricName, Metric]] = {}
        self.count_by(metrics)

    @classmethod
    def build(cls, settings: Settings, board: Board, clock: Clock) -> Intake:
        """Put it together from settings."""
        metrics: dict[TrialId, Mapping[MetricName, Metric]] = {}
        panels: dict[TrialId, Sequence[str]] = {}
        for name, trial in settings.trials.items():
            metrics[TrialId(name)] = metrics_of(settings, trial)
            panels[TrialId(name)] = scorers_of(trial)
        return cls(settings=settings, board=board, clock=clock, metrics=metrics, panels=panels)

    async def __aenter__(self) -> Self:
        """Open connections and start the scorer processes."""
        self._session = open_session()
        slots = {
            name: asyncio.Semaphore(model.connections_max)
            for name, model in self._settings.models.items()
        }
        self._routes = {
            route: self._watch(route, codec, self._session, slots)
            for route, codec in build.codecs(self._settings).items()
        }
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them, in bounded time."""
        await self._pool.__aexit__(kind, error, trace)
        if self._session:
            await self._session.close()

    def _watch(
        self,
        route: RouteName,
        codec: Codec,
        session: aiohttp.ClientSession,
        slots: Mapping[str, asyncio.Semaphore],
    ) -> Watched:
        settings = self._settings.routes[route]
        trials = tuple(
            WatchedTrial(
                number=number,
                trial_id=TrialId(name),
                baseline=ModelName(settings.baseline),
                optimized=ModelName(trial.optimized),
                expects_labels=trial.labels.expected is not LabelCoverage.NONE,
                self_check=SelfCheck(
                    share=settings.self_check_rate,
                    lean=self._settings.evidence.floor_lean,
                    metrics=self._metrics[TrialId(name)],
                ),
            )
            for number, name, trial in build.trials_on(self._settings, route)
        )
        models = {trial.baseline for trial in trials} | {trial.optimized for trial in trials}
        arms = {
            model: Arm(
                model,
                self._settings.models[model],
                codec,
                session,
                self._clock,
                mirror=self._settings.mirror,
                slots=slots[model],
            )
            for model in sorted(models)
        }
        return Watched(
            settings=settings,
            codec=codec,
            dispatcher=Dispatcher(arms),
            trials=trials,
            first_rate=build.first_rate(self._settings, route),
        )

    # --- in ---

    def offer(self, exchange: Exchange) -> None:
        """Let an exchange wait its turn; if the line is full, it is shed."""
        answered = len(exchange.served.body) if exchange.served else 0
        if self._line.offer(exchange, size=len(exchange.body) + answered):
            self._moved.set()
        else:
            self.tallies.add("exchanges_total", "mirror", "shed")

    async def work(self) -> None:
        """Process what waits, so many at one time, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
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
        for gate in self._gates.values():
            gate.close_all()

    def count_by(self, counted: Counted) -> None:
        """
        Count by these metrics from now on.

        A trial whose metrics are others than before begins with an empty account: what it had
        counted belongs to limits that are not in force any more.
        """
        for name, metrics in counted.items():
            trial = self._settings.trials.get(name)
            if trial is not None and self._counted.get(name) != metrics:
                self._gates[name] = Gate(
                    metrics,
                    primary=primary_of(self._settings, trial),
                    settings=self._settings.evidence.dependence,
                )
                self._counted[name] = metrics

    def mark_all_changed(self) -> None:
        """Let the next report tell everything again."""
        for gate in self._gates.values():
            gate.ledger.mark_all_changed()

    def take_changed(self) -> dict[Cell, Counts]:
        """Return the totals of every cell that changed since the last call."""
        changed: dict[Cell, Counts] = {}
        for gate in self._gates.values():
            gate.close_due(self._clock.now())
            changed |= gate.ledger.take_changed()
        return changed

    def take_awaiting(self) -> list[Awaiting]:
        """Take out the pairs that from now on wait for a label."""
        taken, self._awaiting = self._awaiting, []
        return taken

    def gauges(self) -> tuple[Tally, ...]:
        """Return the lengths of this moment."""
        self.tallies.set("mirror_queue_length", value=self._line.waiting)
        self.tallies.set("mirror_queue_capacity", value=self._settings.mirror.queue_max)
        self.tallies.set("mirror_in_flight", value=self._line.in_flight)
        for name, gate in self._gates.items():
            if gate.ratio.ratio is not None:
                self.tallies.set("variance_ratio", name, value=gate.ratio.ratio)
        return self.tallies.gauges()

    # --- one exchange ---

    async def _process(self, exchange: Exchange) -> None:
        try:
            await self._mirror(exchange)
        except Exception:
            self.tallies.add("exchanges_total", "mirror", "failed")
            target = self._redaction.redact_text(exchange.target)
            log.exception("daemon.exchange_failed", exchange_id=exchange.id, target=target)
        finally:
            self._line.finish()
            self._moved.set()

    async def _mirror(self, exchange: Exchange) -> None:
        route = self._routes.get(exchange.route)
        trials = self._active(route) if route else ()
        if route is None or not trials:
            self.tallies.add("exchanges_total", "mirror", "unwatched")
            return
        try:
            ask = route.codec.read_request(exchange)
        except CodecError:
            self.tallies.add("exchanges_total", "mirror", "refused")
            return
        if ask.skip:
            self.tallies.add("exchanges_total", "mirror", "skipped")
            return
        exchange = replace(exchange, slices=self._slicing.slices_of(exchange))
        rate = self._rate(exchange, route)
        if (
            place(_THINNING, exchange.id.encode("utf-8", "replace"))
            >= rate / route.first_rate * SPAN
        ):
            self.tallies.add("exchanges_total", "mirror", "sampled_out")
            return
        self.tallies.add("exchanges_total", "mirror", "mirrored")
        pairs = await self._pairs(exchange, route, trials)
        asker = asker_of(exchange, route.settings.sticky)
        await self._score(
            [
                (trial, replace(each, rate=round(rate * SPAN), cluster=asker))
                for trial, each in pairs
            ]
        )

    def _rate(self, exchange: Exchange, route: Watched) -> float:
        """Return the probability with which a request of these slices is sampled."""
        slices = self._settings.traffic.slices
        rates = [slices[name].sample_rate for name in exchange.slices if name in slices]
        return max((rate for rate in rates if rate is not None), default=route.settings.sample_rate)

    def _active(self, route: Watched) -> tuple[tuple[WatchedTrial, TrialRef], ...]:
        """Stamp each trial that still wants pairs with its epoch and stage of this moment."""
        return tuple(
            (
                trial,
                TrialRef(
                    trial_id=trial.trial_id,
                    baseline=trial.baseline,
                    optimized=trial.optimized,
                    epoch=self.board.trial(trial.number, TrialCell.EPOCH),
                    stage=self.board.trial(trial.number, TrialCell.STAGE),
                ),
            )
            for trial in route.trials
            if self.board.trial(trial.number, TrialCell.ACTIVE)
        )

    async def _pairs(
        self,
        exchange: Exchange,
        route: Watched,
        trials: Sequence[tuple[WatchedTrial, TrialRef]],
    ) -> list[tuple[WatchedTrial, Pair]]:
        refs = [ref for _, ref in trials]
        wanted = models_needed(exchange, refs)
        again: Reply | None = None
        if route.baseline in wanted and trials[0][0].self_check.is_due(exchange.id):
            replies, again = await asyncio.gather(
                route.dispatcher.replies(exchange, wanted),
                route.dispatcher.again(exchange, route.baseline),
            )
        else:
            replies = await route.dispatcher.replies(exchange, wanted)
        for reply in [*replies.values(), *([again] if again else [])]:
            self._count_reply(reply)
        pairing = pair(exchange, replies, refs)
        for trial_id, reason in pairing.unpaired:
            self.tallies.add("unpaired_total", trial_id, reason)
        by_id = {trial.trial_id: trial for trial, _ in trials}
        return [
            (by_id[each.trial_id], replace(each, baseline_again=again)) for each in pairing.pairs
        ]

    def _count_reply(self, reply: Reply) -> None:
        add, observe = self.tallies.add, self.tallies.observe
        add("replies_total", reply.model, reply.outcome)
        if reply.outcome is Outcome.OK:
            observe("reply_duration_seconds", reply.model, value=reply.duration_seconds)
            if reply.first_byte_seconds is not None:
                observe("reply_first_byte_seconds", reply.model, value=reply.first_byte_seconds)
        if reply.served:
            return
        if reply.answer:
            add("shadow_tokens_total", reply.model, "input", by=reply.answer.input_tokens or 0)
            add("shadow_tokens_total", reply.model, "output", by=reply.answer.output_tokens or 0)
        add("shadow_cost_total", reply.model, by=reply.cost or 0.0)

    # --- pairs to scores to counts ---

    def _lost(self, reason: str) -> None:
        self.tallies.add("scorer_process_restarts_total", reason)
        log.warning("scoring.process_lost", reason=reason)

    async def _score(self, pairs: Sequence[tuple[WatchedTrial, Pair]]) -> None:
        if not pairs:
            return
        checks = {trial.trial_id: self_pair(each) for trial, each in pairs}
        twins = [check for check in checks.values() if check is not None]
        scores = await self._pool.score([*(each for _, each in pairs), *twins])
        again = {
            score.pair.trial_id: score for score in scores[len(pairs) :] if isinstance(score, Score)
        }
        for (trial, each), score in zip(pairs, scores, strict=False):
            if isinstance(score, Lost):
                self.tallies.add("unscorable_total", trial.trial_id, score.reason)
                self.tallies.add("pairs_set_aside_total", trial.trial_id)
                declared = self._declared[trial.trial_id].values()
                missing = tuple(unscored(declared, each, "scorer_failed"))
                more = trial.self_check.observations(Score(pair=each, observations=missing), None)
                self._gates[trial.trial_id].count(each, (*missing, *more), self._clock.now())
            else:
                more = trial.self_check.observations(score, again.get(trial.trial_id))
                self._count(trial, each, replace(score, observations=(*score.observations, *more)))

    def _count(self, trial: WatchedTrial, each: Pair, score: Score) -> None:
        seen = (*score.observations, *self._slowness(each))
        self._gates[trial.trial_id].count(each, seen, self._clock.now())
        self.tallies.add("pairs_total", trial.trial_id)
        for observation in score.observations:
            self.tallies.add("observations_total", trial.trial_id, observation.metric)
        for scorer in score.scorer_failures:
            self.tallies.add("scorer_failures_total", scorer)
        if trial.expects_labels and each.baseline.outcome is Outcome.OK:
            self._awaiting.append(self._wait(each))

    def _slowness(self, each: Pair) -> Iterator[Observation]:
        """Hold both models' times to the baseline's quantile of the block before."""
        if {each.baseline.outcome, each.optimized.outcome} != {Outcome.OK}:
            return
        verdicts = self._quantiles[each.trial_id].compare(
            each.baseline.duration_seconds,
            each.optimized.duration_seconds,
            rise=self._settings.scoring.slow_rise,
        )
        if verdicts is not None:
            baseline, optimized = verdicts
            yield Observation(metric=SLOW.name, baseline=baseline, optimized=optimized)

    def _wait(self, each: Pair) -> Awaiting:
        return Awaiting(
            trial_id=each.trial_id,
            epoch=each.epoch,
            exchange_id=each.exchange_id,
            baseline=said(each.baseline.answer),
            optimized=said(each.optimized.answer),
            slices=each.slices,
            received_at=each.received_at,
            rate=each.rate,
            cluster=each.cluster,
        )
