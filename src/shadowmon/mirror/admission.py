"""
May an exchange cost shadow calls? Asked once, before any of them is made, for all its trials. Pure
but for its clock.

A pair needs both replies, so nothing is called for a trial of which one model may not be called:
half a pair would cost as much and say nothing. What is refused is counted by trial, model and
reason; a down optimized model is no refusal but a failed reply (mirror/breaker.py).
"""

from __future__ import annotations

import enum

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shadowmon.clock import Clock
from shadowmon.mirror.breaker import BREAKER_OPEN, Breaker, says_down
from shadowmon.mirror.budget import (
    MONEY_PER_DAY,
    REQUESTS_PER_SECOND,
    TOKENS_PER_DAY,
    Budget,
    Day,
    TokenBucket,
    taken_by,
)
from shadowmon.mirror.latency_guard import BASELINE_SLOW, LatencyGuard
from shadowmon.mirror.outgoing import host_of
from shadowmon.mirror.pairing import TrialRef, known_replies, models_needed, seen_answers
from shadowmon.mirror.settings import GuardScope, MirrorSettings, ModelSettings
from shadowmon.records import Ending, Exchange, ModelName, Outcome, Reply, Served, TrialId


ROUTE_CALLS_PER_SECOND = "route_calls_per_second"
REFUSALS = (
    REQUESTS_PER_SECOND,
    TOKENS_PER_DAY,
    MONEY_PER_DAY,
    ROUTE_CALLS_PER_SECOND,
    BREAKER_OPEN,
    BASELINE_SLOW,
)
"""Every reason, for whoever counts them from the start."""


class Second(enum.Enum):
    """Is the baseline asked for a second answer, to be held against itself?"""

    NEVER = enum.auto()
    NOT_NOW = enum.auto()
    """Now and then, and not for this exchange."""
    NOW = enum.auto()


_DOWN = "not called: the model failed its last calls, and no probe has answered since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A trial that gets no pair of this exchange, for one of its models may not be called."""

    trial_id: TrialId
    model: ModelName
    arm: str
    """Which of the trial's two models that is: `baseline` or `optimized`."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What may be done."""

    refs: tuple[TrialRef, ...] = ()
    refused: tuple[Refusal, ...] = ()
    down: Mapping[ModelName, Reply] = field(default_factory=dict)
    """Optimized models that are not called, and what stands for their replies."""


class Allowance:
    """One model's: budget and breaker, shared by all routes that call it."""

    def __init__(self, budget: Budget, breaker: Breaker) -> None:
        self.budget = budget
        self.breaker = breaker


class Admission:
    """All routes' gate, of one scoring worker."""

    def __init__(
        self,
        *,
        models: Mapping[ModelName, ModelSettings],
        mirror: MirrorSettings,
        clock: Clock,
        day: Day,
        parts: int,
        route_rates: Mapping[str, float | None],
    ) -> None:
        """
        Args:
            models: Every model's settings.
            mirror: What they share.
            clock: Tells the time.
            day: What was spent on this day.
            parts: Scoring workers, each of which has an even part of what comes by the second.
            route_rates: `shadow_calls_per_second` of each route.

        """
        self._clock = clock
        self._day = day
        self._guarding = mirror.latency_guard
        self.allowances = {
            name: Allowance(
                Budget(name, settings.budget, day, parts=parts), Breaker(settings.breaker)
            )
            for name, settings in models.items()
        }
        self._hosts = {name: host_of(settings.url) for name, settings in models.items()}
        self._buckets = {
            route: TokenBucket(rate / parts) for route, rate in route_rates.items() if rate
        }
        self.guards: dict[ModelName, LatencyGuard] = {}

    # --- what is seen ---

    def saw(self, served: Served | None, baselines: Collection[ModelName]) -> None:
        """Take in production's own answer: how long did users wait for the baseline?"""
        if self._guarding.scope is GuardScope.OFF or served is None:
            return
        if served.ending is not Ending.COMPLETE or served.model not in baselines:
            return
        waited = served.first_byte_seconds
        guard = self.guards.setdefault(served.model, LatencyGuard(self._guarding))
        guard.saw(served.duration_seconds if waited is None else waited, self._clock.monotonic())

    def called(self, replies: Iterable[Reply], *, request_bytes: int) -> Sequence[Reply]:
        """
        Account for calls that are over. One that our own limits prevented was none.

        Returns:
            Those with which a model went down, or was found to be up again.

        """
        now, turned = self._clock.monotonic(), []
        for reply in replies:
            allowance = self.allowances.get(reply.model)
            if allowance is None or reply.served or reply.outcome is Outcome.SHED:
                continue
            was_down = allowance.breaker.is_open
            allowance.breaker.learn(failed=says_down(reply), now=now)
            if allowance.breaker.is_open != was_down:
                turned.append(reply)
            allowance.budget.pay(taken_by(reply, request_bytes))
        return turned

    # --- what is allowed ---

    def admit(
        self, exchange: Exchange, refs: Sequence[TrialRef], second: Second = Second.NEVER
    ) -> Admitted:
        """
        Say which trials may have a pair, and account for the calls that will be made.

        A trial that needs no call goes through. Where baselines are asked twice now and then, there
        is no pair while that is not allowed, whether or not it is this exchange's turn: the share
        of pairs with a second answer must stay what it is said to be (evidence/floor.py).
        """
        now = self._clock.monotonic()
        self._day.turn_to(self._clock.now().date())
        answered = _answered(exchange)
        down: dict[ModelName, Reply] = {}
        going: list[TrialRef] = []
        refused: list[Refusal] = []
        calls: set[ModelName] = set()
        seconds: set[ModelName] = set()
        for ref in refs:
            wanted = models_needed(exchange, [ref])
            needed = wanted - answered
            twice = wanted & {ref.baseline} if second is not Second.NEVER else frozenset()
            again = twice if second is Second.NOW else frozenset()
            refusal = self._refusal(
                exchange, ref, (needed | twice) - calls, now, called=needed | again
            )
            if refusal is not None:
                refused.append(refusal)
                continue
            going.append(ref)
            is_called = ref.optimized in needed - calls
            if is_called and not self.allowances[ref.optimized].breaker.may_call(now):
                down[ref.optimized] = _failed(ref.optimized)
            calls |= needed
            seconds |= again
        # One that is down takes a permit too: else a budget would thin out the good hours alone.
        self._take(exchange, [*calls, *seconds])
        return Admitted(refs=tuple(going), refused=tuple(refused), down=down)

    def _refusal(
        self,
        exchange: Exchange,
        ref: TrialRef,
        asked: Collection[ModelName],
        now: float,
        *,
        called: Collection[ModelName],
    ) -> Refusal | None:
        for model in sorted(asked):
            reason = self._reason(exchange, ref, model, now)
            if not reason and model != ref.optimized and not self._is_up(model, called, now):
                reason = BREAKER_OPEN
            if reason:
                arm = "optimized" if model == ref.optimized else "baseline"
                return Refusal(trial_id=ref.trial_id, model=model, arm=arm, reason=reason)
        return None

    def _reason(self, exchange: Exchange, ref: TrialRef, model: ModelName, now: float) -> str:
        if self._is_spared(model, ref.baseline, now):
            return BASELINE_SLOW
        reason = self.allowances[model].budget.refusal(now)
        if reason:
            return reason
        bucket = self._buckets.get(exchange.route)
        if bucket is not None and not bucket.has_one(now):
            return ROUTE_CALLS_PER_SECOND
        return ""

    def _is_up(self, model: ModelName, called: Collection[ModelName], now: float) -> bool:
        """Is a baseline up, or this exchange's call its probe?"""
        breaker = self.allowances[model].breaker
        return not breaker.is_open or (model in called and breaker.may_call(now))

    def _is_spared(self, model: ModelName, baseline: ModelName, now: float) -> bool:
        guard = self.guards.get(baseline)
        if guard is None or not guard.still_slow(now):
            return False
        same_host = self._hosts[model] == self._hosts[baseline]
        return same_host or self._guarding.scope is GuardScope.ALL

    def _take(self, exchange: Exchange, calls: Collection[ModelName]) -> None:
        for model in calls:
            self.allowances[model].budget.take()
        bucket = self._buckets.get(exchange.route)
        if bucket is not None and calls:
            bucket.take(len(calls))


def _answered(exchange: Exchange) -> set[ModelName]:
    """Return the models that production called already."""
    return {*known_replies(exchange), *(each.model for each in seen_answers(exchange))}


def _failed(model: ModelName) -> Reply:
    return Reply(model=model, outcome=Outcome.REFUSED, problem=_DOWN, duration_seconds=0.0)
