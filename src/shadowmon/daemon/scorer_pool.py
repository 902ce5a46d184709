"""
Scorer processes, kept alive: pairs in, scores out, whatever a scorer does.

A process that crashes, hangs past the deadline or runs out of memory is killed alone, and another
one takes its place. The batch it held is tried once more, pair by pair: a pair that costs a
second process its life is set aside, and every other pair is scored.

`ProcessPoolExecutor` is not used: one dead process breaks all of its work, and it cannot end one
that hangs.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from shadowmon.clock import Clock
from shadowmon.daemon import scorer_wire as wire
from shadowmon.daemon.scorer_link import Loss, ScorerLink
from shadowmon.errors import ScorerError
from shadowmon.records import Pair, Score, TrialId
from shadowmon.scoring.settings import Scheduling, ScoringSettings


BACKOFF_FIRST_SECONDS = 0.05
BACKOFF_MAX_SECONDS = 10.0
"""Between the loss of a process and the start of the next, doubled with each loss in a row."""

_CLOSED = "the scorer pool is closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A pair that was set aside, and why."""

    pair: Pair
    reason: Loss


class ScorerPool:
    """
    Scores batches in processes of their own. Used within one event loop, by any number of tasks.

    `async with` starts the processes, and ends them within `scorer_link.END_SECONDS`.
    """

    def __init__(
        self,
        settings: ScoringSettings,
        panels: Mapping[TrialId, Sequence[str]],
        clock: Clock,
        on_loss: Callable[[str], None],
    ) -> None:
        """
        Remember what to run.

        Args:
            settings: How many processes, and their limits.
            panels: Trial -> names of its scorers.
            clock: To wait by, before a process is started again.
            on_loss: Told the reason (crash, hang, memory, start) each time a process is lost.

        """
        self.restarts = 0
        """Processes that took the place of a lost one."""
        self.set_aside = 0
        """Pairs that were not scored."""
        self.batches = 0
        """Batches that were asked for."""
        self._settings = settings
        self._panels = {str(trial): list(names) for trial, names in panels.items()}
        self._clock = clock
        self._on_loss = on_loss
        self._losses_in_a_row = 0
        self._closed = False
        self._links: set[ScorerLink] = set()
        self._idle: asyncio.Queue[ScorerLink | None] = asyncio.Queue()
        """First in, first out, so that all are used in turn; None once the pool is closed."""
        self._tasks = asyncio.TaskGroup()
        self._reviving: set[asyncio.Task[None]] = set()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Ids of the processes that live, whether idle or at work."""
        return tuple(sorted(link.process_id for link in self._links if link.is_alive))

    async def __aenter__(self) -> Self:
        """
        Start every process.

        Raises:
            ScorerError: If one of them does not become ready: why.

        """
        try:
            async with asyncio.TaskGroup() as starting:
                for number in range(self._settings.processes):
                    starting.create_task(self._start_one(idle_class=self._is_idle_class(number)))
        except BaseException as error:
            await self._end_all()
            if isinstance(error, BaseExceptionGroup):
                raise error.exceptions[0] from None
            raise
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process; whoever still waits for a score gets a `ScorerError`."""
        self._closed = True
        self._idle.put_nowait(None)
        for task in self._reviving:
            task.cancel()
        await self._end_all()
        # Told of no error: it would wrap the body's own into a group.
        await self._tasks.__aexit__(None, None, None)

    async def score(self, batch: Sequence[Pair]) -> Sequence[Score | Lost]:
        """
        Return each pair's score, in order, or why it was set aside.

        Waits for an idle process as long as it takes: whoever calls bounds what is waiting.

        Raises:
            ValueError: If a pair's trial has no panel.
            ScorerError: If the pool is closed.

        """
        for pair in batch:
            if pair.trial_id not in self._panels:
                msg = (
                    f'trial "{pair.trial_id}" has no panel of scorers;'
                    f" there are: {', '.join(self._panels)}"
                )
                raise ValueError(msg)
        if not batch:
            return ()
        self.batches += 1
        scored = await self._ask(batch)
        if isinstance(scored, Loss):
            return [await self._score_alone(pair) for pair in batch]
        return [_score(pair, each) for pair, each in zip(batch, scored, strict=True)]

    async def _score_alone(self, pair: Pair) -> Score | Lost:
        scored = await self._ask([pair])
        if isinstance(scored, Loss):
            self.set_aside += 1
            return Lost(pair=pair, reason=scored)
        return _score(pair, scored[0])

    async def _ask(self, batch: Sequence[Pair]) -> list[wire.Scored] | Loss:
        """Have the next idle process score the batch; see to it that it is replaced if lost."""
        try:
            pairs = wire.frame_pairs(batch)
        except ValueError:
            return Loss.UNSENDABLE
        link = await self._next_idle()
        try:
            answer = await link.ask(pairs, len(batch), self._settings.deadline_seconds)
        except BaseException:  # cancelled: the process still owes an answer that nobody wants
            self._replace(link)
            raise
        if self._closed:
            raise ScorerError(_CLOSED)
        if isinstance(answer, Loss):
            self._losses_in_a_row += 1
            self._on_loss(answer)
            self._replace(link)
        else:
            self._losses_in_a_row = 0
            self._idle.put_nowait(link)
        return answer

    async def _next_idle(self) -> ScorerLink:
        link = await self._idle.get()
        if link is None:
            self._idle.put_nowait(None)  # for the next one who waits
            raise ScorerError(_CLOSED)
        return link

    def _is_idle_class(self, number: int) -> bool:
        scheduling = self._settings.scheduling
        is_further = scheduling is Scheduling.ONE_NICED and number > 0
        return is_further or scheduling is Scheduling.IDLE

    async def _start_one(self, *, idle_class: bool) -> None:
        start = wire.Start(self._settings.model_dump_json(), self._panels, idle_class)
        link = await ScorerLink.start(start)
        self._links.add(link)
        self._idle.put_nowait(link)

    def _replace(self, link: ScorerLink) -> None:
        if not self._closed:
            task = self._tasks.create_task(self._revive(link))
            self._reviving.add(task)
            task.add_done_callback(self._reviving.discard)

    async def _revive(self, lost: ScorerLink) -> None:
        """End what is left of a process, and start another as often as it takes."""
        await lost.end()
        self._links.discard(lost)
        while True:
            await self._clock.sleep(_backoff_seconds(self._losses_in_a_row))
            try:
                await self._start_one(idle_class=lost.idle_class)
            except (ScorerError, OSError):
                self._losses_in_a_row += 1
                self._on_loss("start")
            else:
                self.restarts += 1
                return

    async def _end_all(self) -> None:
        await asyncio.gather(*(link.end() for link in self._links))


def _backoff_seconds(losses_in_a_row: int) -> float:
    if losses_in_a_row == 0:
        return 0.0
    doublings = min(losses_in_a_row - 1, 16)
    return min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2.0**doublings)


def _score(pair: Pair, scored: wire.Scored) -> Score:
    return Score(
        pair=pair,
        observations=scored.observations,
        scorer_failures=scored.scorer_failures,
    )
