"""
Does the code in two answers pass the request's own tests? Run in the sandbox, or not at all.

| what came of it | the assessment |
|---|---|
| the tests came to their end | 1 for that model |
| the answer has no code, or it raised, crashed, hung, flooded its output | 0 for that model |
| the optimized model failed to answer | missing |
| there is no sandbox, or it did not come up | unavailable |
| the machine was too busy to run the program | unavailable |

Two programs that are the same are run once: tests may roll dice. While there is no sandbox every
pair that has tests is unavailable, even where an answer has no code.

Tests are Python that raises if the code is wrong, and comes to its end if it is right: an exit is
no pass. They see the code's names, the standard library, and no network.
"""

from __future__ import annotations

import asyncio

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from shadowmon.assessors.sandbox.pool import Sandbox
from shadowmon.assessors.sandbox.verdict import Ran, Verdict
from shadowmon.assessors.settings import SandboxSettings
from shadowmon.assessors.spoken import OPTIMIZED_FAILED
from shadowmon.clock import Clock
from shadowmon.records import Answer, Assessment, Pair, Question
from shadowmon.scoring.code.blocks import PYTHON
from shadowmon.scoring.code.program import code_in
from shadowmon.scoring.code.scorer import TESTS_PASSED
from shadowmon.scoring.readable import readable, spoken


_NO_SANDBOX = Assessment(unavailable="no_sandbox")
_UNAVAILABLE = {Verdict.STARVED: "starved", Verdict.NOT_STARTED: "not_started"}


class CodeTestsAssessor:
    """See `Assessor`; it applies where the question brings tests."""

    metrics: tuple[str, ...] = (TESTS_PASSED,)

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        """Prepare the sandbox; nothing is started yet."""
        self.sandbox = Sandbox(settings, clock)
        """Its `problem` says why nothing is run, where that is so."""

    async def __aenter__(self) -> Self:
        """Test the sandbox; where none holds, every assessment is unavailable."""
        await self.sandbox.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all runs."""
        await self.sandbox.__aexit__(kind, error, trace)

    async def assess(self, pair: Pair) -> Mapping[str, Assessment]:
        """See `Assessor.assess`."""
        baseline, optimized = readable(pair.baseline), readable(pair.optimized)
        if not pair.question.tests or baseline is None:
            return {}
        if self.sandbox.problem:
            return {TESTS_PASSED: _NO_SANDBOX}
        if optimized is None:
            return {TESTS_PASSED: OPTIMIZED_FAILED}
        programs = [tested_program(pair.question, answer) for answer in (baseline, optimized)]
        return {TESTS_PASSED: await self._compared(*programs)}

    async def _compared(
        self, baseline: tuple[str, ...] | None, optimized: tuple[str, ...] | None
    ) -> Assessment:
        if baseline == optimized:
            ours = theirs = await self._ran(baseline)
        else:
            ours, theirs = await asyncio.gather(self._ran(baseline), self._ran(optimized))
        for verdict in (ours.verdict, theirs.verdict):
            if not verdict.is_about_the_program:
                return Assessment(unavailable=_UNAVAILABLE[verdict])
        return Assessment(
            baseline=float(ours.verdict is Verdict.PASSED),
            optimized=float(theirs.verdict is Verdict.PASSED),
        )

    async def _ran(self, program: tuple[str, ...] | None) -> Ran:
        return Ran(verdict=Verdict.FAILED) if program is None else await self.sandbox.run(program)


def tested_program(question: Question, answer: Answer) -> tuple[str, ...] | None:
    """Return the answer's code and the question's tests, in parts; None if it has no code."""
    code = code_in(question, spoken(answer) or "", PYTHON)
    return None if code is None else (*code.parts, question.tests)
