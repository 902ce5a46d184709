"""
Which of two answers is the better one? Asked of a judge model, about a sample of the pairs.

Pairs whose texts differ are judged more often than those that are alike; each assessment says how
often a pair like it is (`Assessment.rate`), and evidence weighs by it. Whether a pair is chosen is
drawn by its exchange's id, before anything is asked.

An answer must not escape its judge by breaking it. Where no verdict can be read, or the judge
refuses what it was sent, the baseline's answer is compared with itself: if that works, the cause is
the optimized model's answer, and the pair is missing; if not, it is the question, the baseline's
answer or the judge, and the pair is unavailable. What an answer wins by telling the judge what to
say is caught by canaries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from shadowmon import sticky
from shadowmon.assessors.canaries import Canaries
from shadowmon.assessors.endpoint import FROM_THE_TEXTS, Trouble, UnansweredError
from shadowmon.assessors.judge_model import Finding, JudgeModel
from shadowmon.assessors.judge_prompt import ANY_TASK, RUBRICS, Comparison
from shadowmon.assessors.settings import JudgeSettings
from shadowmon.assessors.spoken import OPTIMIZED_FAILED, Words, words_of
from shadowmon.clock import Clock
from shadowmon.records import Assessment, Pair, TrialId
from shadowmon.scoring.preference import PREFERENCE
from shadowmon.scoring.text.chrf import chrf


_CHOICE = b"shadowmon.judge.choice"
_ORDER = b"shadowmon.judge.order"
_MISSING = {Trouble.BAD_ANSWER: "judge_unreadable", Trouble.REFUSED: "judge_refused"}


class JudgeAssessor:
    """See `Assessor`. Its figures are 1 and 0 for the better and the worse answer, .5 for a tie."""

    metrics: tuple[str, ...] = (PREFERENCE,)

    def __init__(
        self, settings: JudgeSettings, clock: Clock, *, tasks: Mapping[TrialId, str]
    ) -> None:
        """
        Args:
            settings: The judge's endpoint, and what it may spend.
            clock: For budgets.
            tasks: What each trial's models are for; it chooses the rubric.

        """
        self._settings = settings
        self._tasks = dict(tasks)
        self._judge = JudgeModel(settings, clock)
        self._canaries = Canaries(
            self._judge,
            clock,
            every=settings.canary_every,
            failed_max=settings.canaries_failed_max,
        )

    @property
    def counts(self) -> Counter[str]:
        """How often what happened, for people: see `JudgeModel.counts`."""
        return self._judge.counts

    async def __aenter__(self) -> Self:
        """Try every kind of canary: a judge is trusted after it has passed them."""
        await self._judge.__aenter__()
        await self._canaries.first_round(self._rubric(ANY_TASK))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._judge.__aexit__(kind, error, trace)

    async def assess(self, pair: Pair) -> Mapping[str, Assessment]:
        """See `Assessor.assess`. Nothing for a pair that was not chosen."""
        words = words_of(pair)
        if words is None:
            return {}
        if words.optimized is None:
            return {PREFERENCE: OPTIMIZED_FAILED}
        rate = self._rate(words.baseline, words.optimized)
        exchange = pair.exchange_id.encode("utf-8", "surrogatepass")
        if sticky.place(_CHOICE, exchange) >= rate:
            return {}
        return {PREFERENCE: await self._found(pair, words, rate)}

    def _rate(self, baseline: str, optimized: str) -> int:
        divergence = 1 - chrf(self._cut(baseline), self._cut(optimized))
        differ = divergence > self._settings.different_above
        return _basis_points(self._settings.share_different if differ else self._settings.share)

    async def _found(self, pair: Pair, words: Words, rate: int) -> Assessment:
        rubric = self._rubric(self._tasks.get(pair.trial_id, ANY_TASK))
        await self._canaries.before_judging(rubric)
        if not self._canaries.trusted:
            return Assessment(unavailable="canaries", rate=rate)
        if trouble := self._judge.trouble():
            return Assessment(unavailable=trouble, rate=rate)
        if words.baseline == words.optimized and not self._judge.fails:
            return Assessment(baseline=0.5, optimized=0.5, rate=rate)
        try:
            found = await self._compare(pair, words.baseline, words.optimized or "", rubric)
        except UnansweredError as error:
            return await self._without_verdict(pair, words.baseline, rubric, rate, error.trouble)
        return Assessment(baseline=found.points, optimized=1 - found.points, rate=rate)

    async def _without_verdict(
        self, pair: Pair, baseline: str, rubric: str, rate: int, trouble: Trouble
    ) -> Assessment:
        """Find out whose trouble it is."""
        if trouble not in FROM_THE_TEXTS:
            return Assessment(unavailable=trouble, rate=rate)
        try:
            await self._compare(pair, baseline, baseline, rubric)
        except UnansweredError:
            return Assessment(unavailable=trouble, rate=rate)
        return Assessment(missing=_MISSING[trouble], rate=rate)

    async def _compare(self, pair: Pair, baseline: str, optimized: str, rubric: str) -> Finding:
        exchange = pair.exchange_id.encode("utf-8", "surrogatepass")
        return await self._judge.compare(
            Comparison(question=pair.question, first=baseline, second=optimized),
            rubric=rubric,
            name=f"{pair.trial_id} {pair.exchange_id}",
            turned_first=sticky.place(_ORDER, exchange) >= sticky.SPAN // 2,
        )

    def _rubric(self, task: str) -> str:
        return self._settings.rubric.get(task) or RUBRICS.get(task) or self._rubric(ANY_TASK)

    def _cut(self, text: str) -> str:
        return text[: self._settings.endpoint.chars_max]


def rates_of(settings: JudgeSettings) -> tuple[int, ...]:
    """Return every rate that an assessment may bear, in basis points; bets are laid for them."""
    shares = {settings.share, settings.share_different, 1.0}
    return tuple(sorted({_basis_points(share) for share in shares}, reverse=True))


def _basis_points(share: float) -> int:
    return max(1, round(sticky.SPAN * share))
