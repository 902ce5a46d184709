"""
How clean is the Python in two answers to static analysis? Asked of ruff (extra `code`).

The figure is 1 / (1 + findings for each ten lines of code): 1 without findings, one half at one in
ten lines, always above 0. It applies where the baseline's code can be parsed.

| the optimized model's answer | its figure |
|---|---|
| has code that can be parsed | as above |
| has code that cannot be parsed | 0 |
| has no code, or there is no answer | missing |
"""

from __future__ import annotations

import asyncio
import importlib

from collections.abc import Mapping
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from shadowmon.assessors.linter import Findings, Linter, LintTrouble
from shadowmon.assessors.settings import LintSettings
from shadowmon.assessors.spoken import OPTIMIZED_FAILED
from shadowmon.errors import Complaint, ConfigError
from shadowmon.records import Answer, Assessment, Pair, Question
from shadowmon.scoring.code.blocks import PYTHON
from shadowmon.scoring.code.program import code_in
from shadowmon.scoring.code.scorer import LINT_CLEAN
from shadowmon.scoring.code.syntax import parses_as_python
from shadowmon.scoring.readable import readable, spoken


_LINES = 10
_NO_CODE = Assessment(missing="no_code")


class LintAssessor:
    """See `Assessor`."""

    metrics: tuple[str, ...] = (LINT_CLEAN,)

    def __init__(self, settings: LintSettings) -> None:
        """
        Find ruff; nothing is started yet.

        Raises:
            ConfigError: If the extra `code` is not installed.

        """
        self._linter = Linter(settings, ruff_program())

    async def __aenter__(self) -> Self:
        """Begin to gather."""
        await self._linter.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the run that is on its way."""
        await self._linter.__aexit__(kind, error, trace)

    async def assess(self, pair: Pair) -> Mapping[str, Assessment]:
        """See `Assessor.assess`."""
        baseline, optimized = readable(pair.baseline), readable(pair.optimized)
        ours = None if baseline is None else linted_source(pair.question, baseline)
        if ours is None or not parses_as_python(ours):
            return {}
        if optimized is None:
            return {LINT_CLEAN: OPTIMIZED_FAILED}
        theirs = linted_source(pair.question, optimized)
        return {LINT_CLEAN: _NO_CODE if theirs is None else await self._compared(ours, theirs)}

    async def _compared(self, ours: str, theirs: str) -> Assessment:
        if not parses_as_python(theirs):
            found = await self._linter.findings(ours)
            return _assessment(cleanliness(ours, found), 0.0)
        found, other = await asyncio.gather(
            self._linter.findings(ours), self._linter.findings(theirs)
        )
        return _assessment(cleanliness(ours, found), cleanliness(theirs, other))


def linted_source(question: Question, answer: Answer) -> str | None:
    """Return the answer's Python, after what the question begins; None if it has none."""
    code = code_in(question, spoken(answer) or "", PYTHON)
    return None if code is None else "\n\n".join(code.parts)


def cleanliness(source: str, findings: Findings) -> float | LintTrouble:
    """Return the figure in (0, 1]; blank lines are not counted."""
    if isinstance(findings, LintTrouble):
        return findings
    lines = sum(bool(line.strip()) for line in source.splitlines())
    return 1 / (1 + findings * _LINES / max(1, lines))


def _assessment(ours: float | LintTrouble, theirs: float | LintTrouble) -> Assessment:
    if isinstance(ours, LintTrouble):
        return Assessment(unavailable=ours)
    if theirs is LintTrouble.DOWN:
        return Assessment(unavailable=theirs)
    if isinstance(theirs, LintTrouble):
        return Assessment(missing=theirs)
    return Assessment(baseline=ours, optimized=theirs)


def ruff_program() -> str:
    """
    Return the path of the ruff that the extra brought.

    Raises:
        ConfigError: If it is not installed.

    """
    if find_spec("ruff") is None:
        problem = "ruff is not installed"
        hint = "install the extra: pip install 'shadowmon[code]'"
        raise ConfigError(Complaint(key="assessors.lint", problem=problem, hint=hint))
    ruff = importlib.import_module("ruff")
    return str(ruff.find_ruff_bin())
