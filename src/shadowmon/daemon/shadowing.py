"""The middle of the hot loop: exchange -> shadow calls -> pairs, within what they may take."""

from __future__ import annotations

import asyncio

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.funnel import Passage
from shadowmon.daemon.watched import Watched, WatchedTrial
from shadowmon.mirror.admission import Admission, Admitted, Second
from shadowmon.mirror.arm import Arm
from shadowmon.mirror.breaker import says_down
from shadowmon.mirror.budget import Day
from shadowmon.mirror.pairing import TrialRef, models_needed, pair
from shadowmon.mirror.spending import Spending
from shadowmon.records import Exchange, ModelName, Outcome, Pair, Reply, TrialId
from shadowmon.telemetry.tallies import Tallies
from shadowmon.telemetry.tracing import context_of
from shadowmon.traffic.redact import kept_id


log = structlog.get_logger()

Watchers = Sequence[tuple[WatchedTrial, TrialRef]]
"""Trials that want a pair, as they stand at this moment."""


class Shadowing:
    """Calls the models of one scoring worker's exchanges."""

    def __init__(self, settings: Settings, clock: Clock, tallies: Tallies) -> None:
        self._clock = clock
        self._tallies = tallies
        self._privacy = settings.traffic.privacy
        self._flush_seconds = settings.daemon.flush_seconds
        day = Day()
        models = {ModelName(name): model for name, model in settings.models.items()}
        self.admission = Admission(
            models=models,
            mirror=settings.mirror,
            clock=clock,
            day=day,
            parts=settings.scoring.workers,
            route_rates={
                name: route.shadow_calls_per_second for name, route in settings.routes.items()
            },
        )
        has_caps = any(
            (model.budget.tokens_per_day, model.budget.money_per_day) != (None, None)
            for model in models.values()
        )
        self._spending = Spending(day, _beside(settings.store.path), clock) if has_caps else None
        if self._spending:
            self._spending.share()

    async def keep_books(self) -> None:
        """Tell the other workers what was spent, again and again, until cancelled."""
        while True:
            await self._clock.sleep(self._flush_seconds)
            self.close_books()

    def close_books(self) -> None:
        """Tell them now."""
        if self._spending:
            self._spending.share()

    async def pairs(
        self, exchange: Exchange, route: Watched, watchers: Watchers, passage: Passage
    ) -> list[tuple[WatchedTrial, Pair]]:
        """Return each trial's pair; a trial without one has left the funnel, with its reason."""
        refs = [ref for _, ref in watchers]
        second = _second(exchange, watchers)
        admitted = self.admission.admit(exchange, refs, second)
        passage.refuse(admitted.refused)
        if not admitted.refs:
            return []
        try:
            replies, again = await self._replies(
                exchange, route, admitted, asks_twice=second is Second.NOW
            )
        except BaseException:
            passage.break_off(ref.trial_id for ref in admitted.refs)
            raise
        pairing = pair(exchange, {**replies, **admitted.down}, admitted.refs)
        passage.unpair(pairing.unpaired)
        passage.pair(pairing.pairs)
        by_id: Mapping[TrialId, WatchedTrial] = {trial.trial_id: trial for trial, _ in watchers}
        return [
            (by_id[each.trial_id], replace(each, baseline_again=again)) for each in pairing.pairs
        ]

    async def _replies(
        self, exchange: Exchange, route: Watched, admitted: Admitted, *, asks_twice: bool
    ) -> tuple[dict[ModelName, Reply], Reply | None]:
        wanted = models_needed(exchange, admitted.refs) - set(admitted.down)
        again: Reply | None = None
        if asks_twice and route.baseline in wanted:
            replies, again = await asyncio.gather(
                route.dispatcher.replies(exchange, wanted),
                route.dispatcher.again(exchange, route.baseline),
            )
        else:
            replies = await route.dispatcher.replies(exchange, wanted)
        came = [*replies.values(), *([again] if again else [])]
        for reply in self.admission.called(came, request_bytes=len(exchange.body)):
            _tell_of_turn(reply)
        for reply in came:
            self._count(reply, exchange)
        return replies, again

    def _count(self, reply: Reply, exchange: Exchange) -> None:
        context = context_of(exchange.headers)
        shown = (kept_id(exchange.id, self._privacy), context.trace_id if context else "")
        add, observe = self._tallies.add, self._tallies.observe
        add("replies_total", reply.model, reply.outcome)
        if reply.outcome is Outcome.OK:
            seconds, first = reply.duration_seconds, reply.first_byte_seconds
            observe("reply_duration_seconds", reply.model, value=seconds, exemplar=shown)
            if first is not None:
                observe("reply_first_byte_seconds", reply.model, value=first, exemplar=shown)
        if reply.served:
            return
        if reply.answer:
            add("shadow_tokens_total", reply.model, "input", by=reply.answer.input_tokens or 0)
            add("shadow_tokens_total", reply.model, "output", by=reply.answer.output_tokens or 0)
        add("shadow_cost_total", reply.model, by=reply.cost or 0.0)

    def set_gauges(self, arms: Iterable[Arm]) -> None:
        """Put the gauges of this moment among the tallies, and what the arms counted."""
        retries: dict[ModelName, int] = {}
        for arm in arms:
            retries[arm.name] = retries.get(arm.name, 0) + arm.retries
        for model, count in retries.items():
            new = count - self._tallies.total("shadow_retries_total", model)
            self._tallies.add("shadow_retries_total", model, by=new)
            is_open = self.admission.allowances[model].breaker.is_open
            self._tallies.set("breaker_open", model, value=float(is_open))
        for model, guard in self.admission.guards.items():
            is_slow = guard.still_slow(self._clock.monotonic())
            self._tallies.set("shadowing_stopped", model, value=float(is_slow))
            rise = guard.rise()
            if rise is not None:
                self._tallies.set("baseline_latency_rise_ratio", model, value=rise)


def _tell_of_turn(reply: Reply) -> None:
    """Log that a model went down in the shadow, or is up again; nothing of what it said."""
    if says_down(reply):
        log.warning(
            "mirror.model_down", model=reply.model, outcome=reply.outcome.value, status=reply.status
        )
    else:
        log.info("mirror.model_up", model=reply.model)


def _second(exchange: Exchange, watchers: Watchers) -> Second:
    check = watchers[0][0].self_check  # all trials of a route have the same
    if not check.share:
        return Second.NEVER
    return Second.NOW if check.is_due(exchange.id) else Second.NOT_NOW


def _beside(store: Path) -> Path:
    return store.with_name(f"{store.name}.spent")
