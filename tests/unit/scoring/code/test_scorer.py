from __future__ import annotations

import pytest

from shadowmon.records import Assessment, Observation, Outcome, Question
from shadowmon.scoring.code.scorer import (
    LINT_CLEAN,
    NO_CODE,
    SYNTAX_INVALID,
    TESTS_PASSED,
    CodeScorer,
)
from shadowmon.scoring.code.syntax import SOURCE_MAX_CHARS
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


GOOD, BAD = "```python\nx = 1\n```", "```python\nx = (\n```"


def observe(baseline, optimized, **changes):
    pair = a_pair(a_reply(baseline), a_reply(optimized), **changes)
    return {each.metric: each for each in CodeScorer(ScoringSettings()).score(pair)}


class TestCodeScorer(ScorerContract):
    def make(self, settings):
        return CodeScorer(settings)

    def pairs(self):
        assessed = {
            "tests_passed": Assessment(baseline=1.0, optimized=1.0),
            "lint_clean": Assessment(baseline=0.5, optimized=0.5),
        }
        texts = (GOOD, BAD, "no code", "```rust\nfn main() {}\n```")
        return [
            a_pair(a_reply(one), a_reply(other), assessments=assessed)
            for one in texts
            for other in texts
        ]


@pytest.mark.parametrize("baseline", [GOOD, BAD])
@pytest.mark.parametrize("optimized", [GOOD, BAD])
def test_syntax(baseline, optimized):
    """Each answer's code can be parsed, or it cannot."""
    assert observe(baseline, optimized)[SYNTAX_INVALID] == Observation(
        metric=SYNTAX_INVALID, baseline=baseline is BAD, optimized=optimized is BAD
    )


def test_answer_without_code():
    """An optimized model that gives no code where the baseline did has not escaped the compiler."""
    found = observe(GOOD, "Sorry, no.")
    assert found[NO_CODE] == Observation(metric=NO_CODE, baseline=False, optimized=True)
    assert found[SYNTAX_INVALID].missing == "no_code"


def test_nothing_is_asked_of_words():
    """Where the baseline has no code there is nothing to observe, whatever the other says."""
    assert observe("Hello.", GOOD) == {}


def test_unknown_language():
    """Of a language that nobody knows only the presence of code is observed."""
    assert set(observe("```cobol\nMOVE\n```", "```cobol\nMOVE (\n```")) == {NO_CODE}


def test_untagged_code_is_read_as_the_baselines():
    """What says no language, or an unknown one, is read in the language of the baseline."""
    rust = "```rust\nfn main() {}\n```"
    assert observe(rust, "```\nfn main( {}\n```")[SYNTAX_INVALID].optimized is True
    assert observe(rust, "```wat\nfn main() {}\n```")[SYNTAX_INVALID].optimized is False


def test_code_in_another_language():
    """Code in a language of its own is held to that language's grammar."""
    assert observe(GOOD, "```rust\nfn main() {}\n```")[SYNTAX_INVALID].optimized is False


def test_untagged_baseline():
    """A baseline's block without a tag is Python if it is; else nothing is known of it."""
    assert observe("```\nx = 1\n```", BAD)[SYNTAX_INVALID].optimized is True
    assert SYNTAX_INVALID not in observe("```\n<p>\n```", BAD)


def test_endless_code():
    """Code that is too long to be parsed is missing, where the baseline's was not."""
    endless = f"```python\n{'x' * SOURCE_MAX_CHARS}x\n```"
    assert observe(GOOD, endless)[SYNTAX_INVALID].missing == "too_long"
    assert SYNTAX_INVALID not in observe(endless, GOOD)


def test_completion_is_read_after_its_question():
    """A body alone is no Python; after its signature it is."""
    found = observe("    return x\n", "    return (x\n", question=Question(text="def f(x):\n"))
    assert found[SYNTAX_INVALID] == Observation(
        metric=SYNTAX_INVALID, baseline=False, optimized=True
    )


def test_tests_and_lint_are_read_from_the_assessments():
    """What the assessors found is observed; what was unavailable is not."""
    found = observe(
        GOOD,
        GOOD,
        assessments={
            "tests_passed": Assessment(baseline=1.0, optimized=0.0),
            "lint_clean": Assessment(unavailable="linter_down"),
        },
    )
    assert found[TESTS_PASSED] == Observation(metric=TESTS_PASSED, baseline=True, optimized=False)
    assert LINT_CLEAN not in found


def test_failed_answer_has_not_passed():
    """An optimized model that failed is missing wherever the baseline was tested."""
    pair = a_pair(
        a_reply(GOOD),
        a_reply(outcome=Outcome.TIMEOUT, answer=None),
        assessments={"tests_passed": Assessment(missing="optimized_failed")},
    )
    missing = {each.metric: each.missing for each in CodeScorer(ScoringSettings()).score(pair)}
    assert missing == dict.fromkeys((NO_CODE, SYNTAX_INVALID, TESTS_PASSED), "optimized_failed")
