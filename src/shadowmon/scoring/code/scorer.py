"""
Is the code in an answer code at all, does it pass its tests, and is it clean?

Syntax is asked here; tests and linting need processes, and are read from what the assessors found
(assessors/code_tests.py, assessors/lint.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair, Worse
from shadowmon.scoring.assessed import observe_pair
from shadowmon.scoring.code.blocks import PYTHON
from shadowmon.scoring.code.program import Code, code_in
from shadowmon.scoring.code.syntax import parses, parses_as_python
from shadowmon.scoring.readable import readable, spoken, unread
from shadowmon.scoring.settings import ScoringSettings


SYNTAX_INVALID = MetricName("syntax_invalid")
NO_CODE = MetricName("no_code")
TESTS_PASSED = MetricName("tests_passed")
"""Also the assessment's name."""
LINT_CLEAN = MetricName("lint_clean")
"""Also the assessment's name."""


class CodeScorer:
    """Compares the code of two answers. Applies where the baseline's answer has code, or tests."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=SYNTAX_INVALID,
            kind=MetricKind.VERDICTS,
            sentence="The code in the model's answer cannot be parsed.",
        ),
        Metric(
            name=NO_CODE,
            kind=MetricKind.VERDICTS,
            sentence="The model's answer has no code where the baseline's has some.",
        ),
        Metric(
            name=TESTS_PASSED,
            kind=MetricKind.VERDICTS,
            worse=Worse.LOWER,
            sentence="The code in the model's answer passed the request's own tests.",
        ),
        Metric(
            name=LINT_CLEAN,
            kind=MetricKind.SCORES,
            worse=Worse.LOWER,
            sentence="How clean the code is to static analysis: 1 without findings, one half at"
            " one in ten lines.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        assessed = self.metrics[2:]
        return [
            *_observe_code(pair),
            *(each for metric in assessed for each in observe_pair(metric, pair)),
        ]


def _observe_code(pair: Pair) -> list[Observation]:
    baseline = readable(pair.baseline)
    expected = None if baseline is None else code_in(pair.question, spoken(baseline) or "")
    if expected is None:
        return []
    language = expected.language or _guessed(expected)
    ours = parses(language, expected.source)
    answer = readable(pair.optimized)
    if answer is None:
        applying = [NO_CODE] if ours is None else [NO_CODE, SYNTAX_INVALID]
        return [unread(metric, pair.optimized) for metric in applying]
    found = code_in(pair.question, spoken(answer) or "", language)
    observed = [Observation(metric=NO_CODE, baseline=False, optimized=found is None)]
    return observed if ours is None else [*observed, _syntax(found, language, ours=ours)]


def _syntax(found: Code | None, language: str, *, ours: bool) -> Observation:
    """Compare; what says no language, or one that nobody knows, is read as the baseline's."""
    if found is None:
        return Observation(metric=SYNTAX_INVALID, missing="no_code")
    theirs = parses(found.language or language, found.source)
    if theirs is None:
        theirs = parses(language, found.source)
    if theirs is None:
        return Observation(metric=SYNTAX_INVALID, missing="too_long")
    return Observation(metric=SYNTAX_INVALID, baseline=not ours, optimized=not theirs)


def _guessed(code: Code) -> str:
    """Return Python for a block that says no language and is Python."""
    return PYTHON if parses_as_python(code.source) else ""
