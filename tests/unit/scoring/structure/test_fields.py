from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.fields import FieldsScorer
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def observe(baseline, optimized, **settings):
    pair = a_pair(*(a_reply(answer=Answer(fields=each)) for each in (baseline, optimized)))
    found = FieldsScorer(ScoringSettings(**settings)).score(pair)
    return {each.metric: each.distance for each in found}


class TestFieldsScorer(ScorerContract):
    def make(self, settings):
        return FieldsScorer(settings)

    def pairs(self):
        texts = ('{"a": 1}', '{"a": 2, "b": []}', "no JSON", "[]", '{"a": NaN, "b": 1e999}')
        return [a_pair(a_reply(one), a_reply(other)) for one in texts[:3] for other in texts] + [
            a_pair(a_reply(answer=Answer(fields=2**200)), a_reply(answer=Answer(fields=1.5)))
        ]


def test_three_figures_of_one_pair():
    """Any difference is inexact; the share that differs; and the share of words that differ."""
    one = {"name": "Ann Bo Cy", "total": "1,234.50", "date": "25/12/2018", "paid": True}
    other = {"name": "Ann Bo Di", "total": 1234.5, "date": "2018-12-25", "paid": "yes"}
    found = observe(one, other)
    assert found.pop("partial_field_divergence") == pytest.approx(1 / 3 / 4)
    assert found == {"inexact_fields": 1.0, "field_divergence": 0.25}
    assert set(observe(one, one).values()) == {0.0}


def test_settings_decide_what_is_tolerated():
    """Types, case and rounding count as the settings say."""
    assert observe({"a": "9.00"}, {"a": 9}, typed_fields=True)["inexact_fields"] == 1.0
    assert observe({"a": "X"}, {"a": "x"}, fold_strings=False)["inexact_fields"] == 1.0
    assert observe({"a": 1000}, {"a": 1009}, number_tolerance=0.01)["inexact_fields"] == 0.0


def test_optimized_answer_that_is_not_json_agrees_in_no_field():
    """Broken JSON where the baseline's is whole is as far away as can be."""
    found = FieldsScorer(ScoringSettings()).score(a_pair(a_reply('{"a": 1}'), a_reply('{"a": 1')))
    assert [each.distance for each in found] == [1.0, 1.0, 1.0]


def test_failed_optimized_reply_is_missing():
    """A failed reply is missing where the baseline's answer is JSON, and only there."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    scorer = FieldsScorer(ScoringSettings())
    found = scorer.score(a_pair(a_reply('{"a": 1}'), failed))
    assert [each.missing for each in found] == ["optimized_failed"] * 3
    assert list(scorer.score(a_pair(a_reply("hello"), failed))) == []
