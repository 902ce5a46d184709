"""
A judge beside people: it compares recorded pairs, and what people said of the same pairs is put
beside its verdicts. What a judge is worth is computed of that (evidence/judged.py).

Rule 1: every pair that has words is compared, in both orders, whatever people said of it: people's
        are a random sample of them, for they are asked in drawn order.
Rule 2: a pair without a verdict (the judge does not answer, or nothing can be read) is left out and
        counted; a judge that fails its canaries is not heard at all.
Rule 3: no text leaves but to the judge that is configured, and none is in what comes out.
"""

from __future__ import annotations

import asyncio

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from shadowmon.assessors.canaries import Canaries
from shadowmon.assessors.endpoint import UnansweredError
from shadowmon.assessors.judge_model import JudgeModel
from shadowmon.assessors.judge_prompt import ANY_TASK, RUBRICS, Comparison
from shadowmon.assessors.settings import JudgeSettings
from shadowmon.assessors.spoken import Words, words_of
from shadowmon.clock import Clock
from shadowmon.daemon.recorded import Recorded
from shadowmon.errors import RefusedError
from shadowmon.evidence.judged import Choice, Judged
from shadowmon.records import Choice as Said
from shadowmon.records import ExchangeId, Pair, Preference, TrialId
from shadowmon.store.copy import copy_of
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.trial.review import POINTS


AT_ONCE = 8
"""Pairs that are with the judge at one time."""


class Judging:
    """One judge's verdicts on many pairs. `left_out` says why which many have none."""

    def __init__(
        self, settings: JudgeSettings, clock: Clock, *, trial_id: TrialId, task: str
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self._settings = settings
        self._clock = clock
        self._trial_id = trial_id
        self._rubric = settings.rubric.get(task) or RUBRICS.get(task) or RUBRICS[ANY_TASK]
        self._slots = asyncio.Semaphore(AT_ONCE)

    def run(
        self, pairs: Iterable[Recorded], people: Mapping[ExchangeId, Choice]
    ) -> Mapping[ExchangeId, Judged]:
        """Do as `judge` does, from outside of any loop."""
        return asyncio.run(self.judge(pairs, people))

    async def judge(
        self, pairs: Iterable[Recorded], people: Mapping[ExchangeId, Choice]
    ) -> Mapping[ExchangeId, Judged]:
        """
        Compare pairs, and put people's choices beside the verdicts.

        Raises:
            RefusedError: If the judge fails its canaries, or does not answer them.

        """
        async with JudgeModel(self._settings, self._clock) as judge:
            await self._refuse_unless_trusted(judge)
            async with asyncio.TaskGroup() as tasks:
                asked = {
                    pair.id: tasks.create_task(self._judged(judge, pair, people.get(pair.id)))
                    for pair in pairs
                }
        found = {name: task.result() for name, task in asked.items()}
        return {name: each for name, each in found.items() if each is not None}

    async def _refuse_unless_trusted(self, judge: JudgeModel) -> None:
        canaries = Canaries(
            judge,
            self._clock,
            every=self._settings.canary_every,
            failed_max=self._settings.canaries_failed_max,
        )
        await canaries.first_round(self._rubric)
        if not canaries.trusted:
            how = ", ".join(f"{name}: {count}" for name, count in sorted(judge.counts.items()))
            msg = (
                "the judge is not to be trusted: it did not pass comparisons whose outcome is "
                f"known ({how or 'it does not answer'})"
            )
            raise RefusedError(msg)

    async def _judged(
        self, judge: JudgeModel, recorded: Recorded, human: Choice | None
    ) -> Judged | None:
        words = words_of(self._pair(recorded))
        if words is None or words.optimized is None:
            self.left_out["one of the models said nothing"] += 1
            return None
        async with self._slots:
            try:
                return await self._compared(judge, recorded, words, human)
            except UnansweredError as error:
                self.left_out[f"the judge: {error.trouble.value.replace('_', ' ')}"] += 1
                return None

    async def _compared(
        self, judge: JudgeModel, recorded: Recorded, words: Words, human: Choice | None
    ) -> Judged:
        optimized = words.optimized or ""
        found = await judge.compare(
            Comparison(question=recorded.question, first=words.baseline, second=optimized),
            rubric=self._rubric,
            name=f"{self._trial_id} {recorded.id}",
        )
        return Judged(
            judge=_choice(1 - found.points),
            human=human,
            baseline_chars=len(words.baseline),
            optimized_chars=len(optimized),
            is_consistent=found.is_consistent,
        )

    def _pair(self, recorded: Recorded) -> Pair:
        return Pair(
            trial_id=self._trial_id,
            epoch=1,
            stage=1,
            exchange_id=recorded.id,
            baseline=recorded.baseline,
            optimized=recorded.optimized,
            slices=recorded.slices,
            received_at=self._clock.now(),
            question=recorded.question,
        )


def by_people(said: Iterable[Preference]) -> Mapping[ExchangeId, Choice]:
    """Return what people chose of each task, as the mean of their votes; a skip is no vote."""
    votes: dict[ExchangeId, list[float]] = {}
    for each in said:
        if each.choice is not Said.SKIP:
            votes.setdefault(each.task, []).append(POINTS[each.choice])
    return {task: _choice(sum(points) / len(points)) for task, points in votes.items()}


def preferences_in(path: Path, trial_id: TrialId) -> Sequence[Preference]:
    """
    Return what people said in a trial's newest epoch; a daemon may be writing meanwhile.

    Raises:
        StoreError: If the database cannot be read.

    """

    async def read(copy: Path) -> Sequence[Preference]:
        store = SqlStore(StoreSettings(path=copy))
        await store.open()
        try:
            return (await store.load()).preferences
        finally:
            await store.close()

    with TemporaryDirectory(prefix="shadowmon-") as folder:
        everything = asyncio.run(read(copy_of(path, Path(folder))))
    mine = [each for each in everything if each.trial_id == trial_id]
    newest = max((each.epoch for each in mine), default=0)
    return [each for each in mine if each.epoch == newest]


def _choice(points: float) -> Choice:
    """Return which model is the better one, by what the optimized model gets."""
    if points == 0.5:  # noqa: PLR2004 - a tie is exactly one half of whole and half points
        return Choice.TIE
    return Choice.OPTIMIZED if points > 0.5 else Choice.BASELINE  # noqa: PLR2004
