"""
The judge model itself: one comparison in, a finding out, by an OpenAI-compatible chat endpoint.

Every comparison is asked for in both orders, at temperature 0. Judges favour a place (Zheng et al.,
Judging LLM-as-a-Judge, NeurIPS 2023): whoever wins in one order and loses in the other has won by
its place, and that is a tie.
"""

from __future__ import annotations

import secrets

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec

from shadowmon.assessors.endpoint import Endpoint, Trouble, UnansweredError, read, written
from shadowmon.assessors.judge_prompt import Comparison, mark, messages
from shadowmon.assessors.judge_verdict import Winner, read_verdict
from shadowmon.assessors.settings import JudgeSettings
from shadowmon.clock import Clock


CALLS = 2
"""Of one comparison whose verdicts can be read."""
_PATH = "/chat/completions"


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Chat(msgspec.Struct):
    choices: list[_Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a judge found of a comparison, in both orders."""

    points: float
    """What the first answer gets: 1 if it is better, 0 if it is worse, one half for a tie."""
    is_consistent: bool
    """Did both orders say the same?"""


class JudgeModel:
    """Compares. `counts` says how often what happened, for people."""

    def __init__(self, settings: JudgeSettings, clock: Clock) -> None:
        self._settings = settings
        self._endpoint = Endpoint(settings.endpoint, clock)
        self._secret = secrets.token_bytes(32)
        self.counts: Counter[str] = Counter()
        """`compared`, `inconsistent`, `unreadable` (verdicts)."""

    async def __aenter__(self) -> Self:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._endpoint.__aexit__(kind, error, trace)

    def trouble(self) -> Trouble | None:
        """Say why nothing can be compared now; None if it can."""
        return self._endpoint.trouble(calls=CALLS)

    @property
    def fails(self) -> bool:
        """Did it fail when it was last asked? Then nothing is taken for granted (`Endpoint`)."""
        return self._endpoint.fails

    async def compare(
        self, comparison: Comparison, *, rubric: str, name: str, turned_first: bool = False
    ) -> Finding:
        """
        Compare two answers.

        Args:
            comparison: The answers; the finding is about its first one.
            rubric: What a good answer is.
            name: Of the comparison; the marks around the answers are derived from it.
            turned_first: Ask in the other order first.

        Raises:
            UnansweredError: If the judge does not answer; `bad_answer` if one of its verdicts could
                not be read, nor when it was asked for again.

        """
        points: dict[bool, float] = {}
        for turned in (turned_first, not turned_first):
            shown = comparison.turned() if turned else comparison
            winner = await self._winner(shown, rubric, mark(self._secret, f"{name} {turned}"))
            points[turned] = 1 - winner.points if turned else winner.points
        self.counts["compared"] += 1
        if points[False] == points[True]:
            return Finding(points=points[False], is_consistent=True)
        self.counts["inconsistent"] += 1
        return Finding(points=0.5, is_consistent=False)

    async def _winner(self, shown: Comparison, rubric: str, fence: str) -> Winner:
        for attempt in (fence, fence[::-1]):  # another mark, so that no cache answers the second
            if winner := await self._ask(shown, rubric, attempt):
                return winner
            self.counts["unreadable"] += 1
        raise UnansweredError(Trouble.BAD_ANSWER)

    async def _ask(self, shown: Comparison, rubric: str, fence: str) -> Winner | None:
        asked: Mapping[str, Any] = {
            "model": self._settings.endpoint.model,
            "messages": messages(
                shown, rubric=rubric, fence=fence, chars_max=self._settings.endpoint.chars_max
            ),
            "temperature": 0,
            "max_tokens": self._settings.answer_tokens_max,
        }
        choices = read(await self._endpoint.post(_PATH, written(asked)), _Chat).choices
        return read_verdict(choices[0].message.content or "") if choices else None
