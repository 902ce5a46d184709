"""
Recorded requests, asked again: sent to the models that have not answered yet, and folded as pairs.

What a model answered then is taken as it is; whoever has no recorded answer is called in the
shadow, as the live mirror calls it: the same codec, credentials, marks, deadlines, breakers and
budgets (daemon/shadowing.py). What comes of it goes to a `Replay` and, if asked for, to a file.

Rule 1: requests begin in the order in which they were made, and at their times, or by a factor
faster, or as fast as the models answer. So many are under way at one time, and no more.
Rule 2: what a rate does not allow now is asked a moment later: nobody waits for a replay. Where a
day's budget is spent, or a model is down for long, the replay stops and can go on later.
Rule 3: a call that was not made, for its model is down, is no failure of the model's here.
Rule 4: told to stop, it begins nothing more, and finishes what is under way.
Rule 5: a request has one end: a pair, a reason that is counted, or it is still to be done.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from shadowmon.clock import Clock
from shadowmon.config.measures import metrics_of
from shadowmon.config.settings import Settings
from shadowmon.daemon.recorded import Recorded
from shadowmon.daemon.recorded_line import recorded_of
from shadowmon.daemon.replay_attempt import Attempt, stamped, was_spared
from shadowmon.daemon.replay_requests import BUG, Asked, Requests, UnfitError
from shadowmon.daemon.shadowing import Shadowing
from shadowmon.daemon.watched import Watched
from shadowmon.daemon.watching import Watching
from shadowmon.errors import RefusedError
from shadowmon.mirror.admission import Refusal
from shadowmon.mirror.breaker import BREAKER_OPEN
from shadowmon.mirror.budget import MONEY_PER_DAY, TOKENS_PER_DAY
from shadowmon.mirror.sessions import Sessions
from shadowmon.records import Exchange, Pair, TrialId
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.recordings.index import Slot
from shadowmon.trial.plan import TrialPlan


NO_CALL = "a model's answer is missing, and without --config no model can be asked"
UNPAIRED = "no pair came of it: {}"

_OF_A_DAY = frozenset({TOKENS_PER_DAY, MONEY_PER_DAY})
_AGAIN_SECONDS = 0.02
"""Until a rate is asked again whether it allows one more."""
_PATIENCE_SECONDS = 60.0
"""How long a model may be down before the replay stops."""
_LOOK_SECONDS = 0.1
"""A wait for a request's turn is cut into pieces of this, so that a stop is seen."""


class Outlet(Protocol):
    """Takes what becomes of each request."""

    def is_done(self, slot: Slot) -> bool:
        """Was it done before?"""
        ...

    def pair(self, slot: Slot, recorded: Recorded, asked: Asked) -> None:
        """Take a pair."""
        ...

    def unfit(self, slot: Slot, problem: str) -> None:
        """Take a request that was not asked again."""
        ...

    def unpaired(self, slot: Slot, problem: str) -> None:
        """Take a request that was asked, and became no pair."""
        ...


@dataclass(slots=True)
class Told:
    """What a run did."""

    begun: int = 0
    """Requests that were looked at, those of an earlier run included."""
    asked: int = 0
    """Requests for which at least one model was called."""
    behind_seconds: float = 0.0
    """How late the latest one was, by the recording's own times."""
    stopped_by: str = ""
    """Why it did not go on to the end; empty if it did, or was told to stop."""


class TrafficReplay:
    """One run over a recording."""

    def __init__(
        self,
        settings: Settings,
        plan: TrialPlan,
        *,
        requests: Callable[[Watched], Requests],
        outlet: Outlet,
        clock: Clock,
        speed: float | None,
        may_call: bool = True,
        moved: Callable[[int], None] = lambda _: None,
    ) -> None:
        """
        Args:
            settings: The configuration.
            plan: Of one of its trials.
            requests: Returns the reader of the recording's requests on a route.
            outlet: Takes what becomes of each.
            clock: Tells the time.
            speed: 1 is the recording's own, 2 twice as fast; None: as fast as the models answer.
            may_call: May models be called at all?
            moved: Is told of each request that was looked at.

        """
        # This process is all that there is of this replay: a rate is not shared out.
        scoring = settings.scoring.model_copy(update={"workers": 1})
        self._settings = settings.model_copy(update={"scoring": scoring})
        self._plan = plan
        self._requests_on = requests
        self._outlet = outlet
        self._clock = clock
        self._speed = speed
        self._may_call = may_call
        self._moved = moved
        self._tallies = Tallies()
        self._shadowing = Shadowing(self._settings, clock, self._tallies)
        self._places = asyncio.Semaphore(_places(settings, plan))
        self._repair = asyncio.Lock()
        self._down_since: float | None = None
        self._told_books_at = clock.monotonic()
        self._first: tuple[float, float] | None = None
        self.told = Told()

    async def run(self, slots: Iterable[Slot], stopping: asyncio.Event) -> None:
        """
        Ask them all, or as many as there is time for.

        Args:
            slots: The requests, in order.
            stopping: Once it is set nothing more is begun. It is set from in here as well.

        Raises:
            RefusedError: If a pair cannot be written.

        """
        metrics = {
            TrialId(name): metrics_of(self._settings, trial)
            for name, trial in self._settings.trials.items()
        }
        async with Sessions() as sessions:
            watching = Watching(self._settings, sessions, self._clock, metrics)
            route = watching.routes[self._plan.route]
            trial = next(each for each in route.trials if each.trial_id == self._plan.trial_id)
            # The others' models are not asked for anything.
            route = replace(route, trials=(trial,))
            try:
                async with asyncio.TaskGroup() as tasks:
                    await self._begin_all(slots, route, stopping, tasks)
            except* RefusedError as refused:  # the pairs cannot be written: one of them says why
                raise refused.exceptions[0] from None
            finally:
                self._shadowing.close_books()

    async def _begin_all(
        self,
        slots: Iterable[Slot],
        route: Watched,
        stopping: asyncio.Event,
        tasks: asyncio.TaskGroup,
    ) -> None:
        requests = self._requests_on(route)
        for slot in slots:
            if not self._outlet.is_done(slot):
                try:
                    asked = self._fit(requests, slot)
                except UnfitError as error:
                    self._outlet.unfit(slot, str(error))
                else:
                    await self._turn(slot, asked, stopping)
                    await self._places.acquire()
                    if stopping.is_set():
                        return
                    tasks.create_task(self._ask(slot, asked, route, stopping))
            self.told.begun += 1
            self._moved(1)
            if stopping.is_set():
                return

    def _fit(self, requests: Requests, slot: Slot) -> Asked:
        asked = requests.read(slot)
        if asked.needs_call and not self._may_call:
            raise UnfitError(NO_CALL)
        return asked

    async def _turn(self, slot: Slot, asked: Asked, stopping: asyncio.Event) -> None:
        """Wait until it is the request's time, if it has one, and anybody has to be asked."""
        if self._speed is None or slot.at is None or not asked.needs_call:
            return
        now = self._clock.monotonic()
        began, first_at = self._first = self._first or (now, slot.at)
        due = began + (slot.at - first_at) / self._speed
        self.told.behind_seconds = max(self.told.behind_seconds, now - due)
        while (rest := due - self._clock.monotonic()) > 0 and not stopping.is_set():
            await self._clock.sleep(min(rest, _LOOK_SECONDS))

    # --- one request ---

    async def _ask(self, slot: Slot, asked: Asked, route: Watched, stopping: asyncio.Event) -> None:
        try:
            while True:
                attempt = Attempt(self._tallies, asked.exchange, [self._plan.trial_id])
                pair = await self._attempt(attempt, asked.exchange, route)
                if pair is not None and not was_spared(pair):
                    self._take(slot, pair, asked)
                    return
                if attempt.problem:
                    self._outlet.unpaired(slot, UNPAIRED.format(attempt.problem))
                    return
                await self._wait(attempt.refused, stopping)
                if stopping.is_set():
                    self.told.begun -= 1  # it is still to be done
                    return
        finally:
            self._places.release()

    async def _attempt(self, attempt: Attempt, exchange: Exchange, route: Watched) -> Pair | None:
        trial = route.trials[0]
        try:
            pairs = await self._shadowing.pairs(exchange, route, [stamped(trial)], attempt)
        except Exception as error:  # noqa: BLE001 - one request's trouble must not end the others
            attempt.problem = BUG.format(type(error).__name__)
            return None
        self._keep_books()
        return pairs[0][1] if pairs else None

    def _take(self, slot: Slot, pair: Pair, asked: Asked) -> None:
        self._down_since = None
        self.told.asked += asked.needs_call
        pair = replace(pair, question=asked.question)
        self._outlet.pair(slot, recorded_of(pair, label=asked.label), asked)

    async def _wait(self, refused: Collection[Refusal], stopping: asyncio.Event) -> None:
        """Wait before the next attempt; stop the replay where waiting does not help."""
        spent = next((each for each in refused if each.reason in _OF_A_DAY), None)
        if spent is not None:
            self._stop(f"{spent.model} has spent its {spent.reason}", stopping)
        elif all(each.reason != BREAKER_OPEN for each in refused) and refused:
            await self._clock.sleep(_AGAIN_SECONDS)
        else:
            await self._wait_for_repair(stopping)

    async def _wait_for_repair(self, stopping: asyncio.Event) -> None:
        began = self._down_since = self._down_since or self._clock.monotonic()
        models = (self._plan.baseline, self._plan.optimized)
        seconds = max(self._settings.models[model].breaker.open_seconds for model in models)
        async with self._repair:  # one after the other: whoever comes first finds out for all
            if self._clock.monotonic() - began > _PATIENCE_SECONDS and self._down_since == began:
                self._stop(f"{' or '.join(models)} has been down for long", stopping)
            if self._down_since == began and not stopping.is_set():
                await self._clock.sleep(seconds)

    def _stop(self, why: str, stopping: asyncio.Event) -> None:
        self.told.stopped_by = self.told.stopped_by or why
        stopping.set()

    def _keep_books(self) -> None:
        now = self._clock.monotonic()
        if now - self._told_books_at > self._settings.daemon.flush_seconds:
            self._told_books_at = now
            self._shadowing.close_books()


def _places(settings: Settings, plan: TrialPlan) -> int:
    """Return how many requests may be under way: no call waits for another one's connection."""
    models = (settings.models[plan.baseline], settings.models[plan.optimized])
    return min(settings.mirror.in_flight_max, *(model.connections_max for model in models))
