from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome, Question, ToolCall
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.schema import SchemaScorer
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


TOTAL = {
    "type": "object",
    "properties": {"total": {"type": "number"}},
    "required": ["total"],
    "additionalProperties": False,
}


def asked(baseline, optimized, schema=TOTAL):
    replies = [
        a_reply(answer=each) if isinstance(each, Answer) else a_reply(each)
        for each in (baseline, optimized)
    ]
    return a_pair(*replies, question=Question(schema=schema))


def observe(*arguments, **settings):
    return list(SchemaScorer(ScoringSettings()).score(asked(*arguments, **settings)))


def verdicts(*arguments, **settings):
    (found,) = observe(*arguments, **settings)
    return found.missing or (found.baseline, found.optimized)


class TestSchemaScorer(ScorerContract):
    def make(self, settings):
        return SchemaScorer(settings)

    def pairs(self):
        texts = ('{"total": 9}', '{"total": "9"}', "nine")
        return [asked(one, other) for one in texts for other in texts] + [
            asked("{}", "{}", {"type": "dict"}),
            a_pair(a_reply("{}"), a_reply("{}")),
        ]


@pytest.mark.parametrize(
    ("text", "invalid"),
    [
        ('{"total": 9}', False),
        (' {"total": 9.5}\n', False),
        ('{"total": "9"}', True),
        ('{"total": 9, "tip": 1}', True),
        ('{"total": 9', True),
        ('```json\n{"total": 9}\n```', True),
        ("", True),
        ("null", True),
    ],
)
def test_answer_is_judged_as_it_is_written(text, invalid):
    """An answer is valid as a whole or not at all; a fence around it would break its reader."""
    assert verdicts('{"total": 9}', text) == (False, invalid)


def test_both_answers_are_held_to_the_schema():
    """The baseline is judged by the same rule."""
    assert verdicts("nine", '{"total": 9}') == (True, False)
    assert verdicts(Answer(fields={"total": 9}), Answer(fields=[])) == (False, True)


def test_schema_of_a_bare_value():
    """A schema may ask for a string, a number or null."""
    assert verdicts("7", '"x"', schema={"type": "integer"}) == (False, True)
    assert verdicts("null", "null", schema={"type": "null"}) == (False, False)


@pytest.mark.parametrize("text", ['{"total": 9}', "nine"])
def test_schema_that_cannot_be_used(text):
    """Where the schema is none, that is said, whatever was answered."""
    assert verdicts('{"total": 9}', text, schema={"type": "dict"}) == "schema_unusable"


@pytest.mark.parametrize(
    "baseline",
    [Answer(refusal="I can't"), Answer(text="", tool_calls=(ToolCall(name="f", arguments={}),))],
)
def test_baseline_that_was_not_asked(baseline):
    """Where the baseline called a tool or refused, the schema does not apply."""
    assert observe(baseline, '{"total": 9}') == []


def test_optimized_answer_that_says_something_else():
    """A refusal or a tool call where the baseline answered is not what the schema asks for."""
    assert verdicts('{"total": 9}', Answer(refusal="I can't")) == (False, True)


def test_failed_optimized_reply_is_missing():
    """A failed reply has no validity."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    pair = a_pair(a_reply('{"total": 9}'), failed, question=Question(schema=TOTAL))
    (found,) = SchemaScorer(ScoringSettings()).score(pair)
    assert found.missing == "optimized_failed"
