from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.entities import EntitiesScorer, entities
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


ROME = {"entity_group": "LOC", "word": "Rome", "start": 0, "end": 4, "score": 0.9}
ANNA = {"entity_group": "PER", "word": "Anna", "start": 10, "end": 14, "score": 0.8}


def observe(baseline, optimized):
    pair = a_pair(*(a_reply(answer=Answer(fields=each)) for each in (baseline, optimized)))
    return list(EntitiesScorer(ScoringSettings()).score(pair))


def distance(baseline, optimized):
    (found,) = observe(baseline, optimized)
    return found.distance


class TestEntitiesScorer(ScorerContract):
    def make(self, settings):
        return EntitiesScorer(settings)

    def pairs(self):
        lists: tuple[object, ...] = ([ROME, ANNA], [ANNA], [], ["Rome"], {"a": 1})
        return [
            a_pair(a_reply(answer=Answer(fields=one)), a_reply(answer=Answer(fields=other)))
            for one in lists
            for other in lists
        ]


def test_f1_of_what_both_name():
    """Of two entities one is found, and one too many: F1 is a half."""
    assert distance([ROME, ANNA], [ANNA, {**ROME, "start": 1}]) == 0.5
    assert distance([ROME, ANNA], [ANNA, ROME]) == 0.0
    assert distance([ROME], [ANNA]) == 1.0


def test_type_counts():
    """The right words of the wrong type are another entity; case and confidence do not count."""
    assert distance([ROME], [{**ROME, "entity_group": "PER"}]) == 1.0
    assert distance([ROME], [{**ROME, "entity_group": "loc", "score": 0.1}]) == 0.0


def test_text_counts_where_one_side_has_no_spans():
    """Without a span on either side, an entity is known by its text."""
    found = {"type": "LOC", "text": " rome"}
    assert distance([ROME], [found]) == 0.0
    assert distance([ROME], [{**found, "text": "Rom"}]) == 1.0


def test_entity_that_is_named_twice():
    """An entity that is named twice must be found twice."""
    assert distance(["Rome", "Rome"], ["Rome"]) == pytest.approx(1 / 3)


def test_no_entities():
    """To name none is right where there is none, and only there."""
    assert distance([], []) == 0.0
    assert distance([], [ROME]) == 1.0


@pytest.mark.parametrize(
    "fields", [["Rome"], [["Rome"]], {"entities": ["Rome"]}, [{"text": "ROME"}], '["rome"]']
)
def test_forms_of_a_list(fields):
    """A list of entities comes in several forms, also as text."""
    answer = Answer(text=fields) if isinstance(fields, str) else Answer(fields=fields)
    found = entities(answer)
    assert found is not None
    assert [each.text for each in found] == ["rome"]


@pytest.mark.parametrize("fields", [{"a": 1}, [1], [{"type": "LOC"}], "Rome", [["a"], ["b"]], None])
def test_what_is_no_list_of_entities(fields):
    """Other JSON is no list of entities, and the metric does not apply to it."""
    assert entities(Answer(fields=fields)) is None
    assert observe(fields, [ROME]) == []


def test_optimized_answer_that_is_no_list():
    """What cannot be read as entities names none of them."""
    assert distance([ROME], {"a": 1}) == 1.0
    assert distance([], {"a": 1}) == 1.0


def test_failed_optimized_reply_is_missing():
    """A failed reply is missing where the baseline named entities."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    (found,) = EntitiesScorer(ScoringSettings()).score(
        a_pair(a_reply(answer=Answer(fields=[ROME])), failed)
    )
    assert found.missing == "optimized_failed"
