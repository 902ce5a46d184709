from __future__ import annotations

import copy
import json

import pytest

from hypothesis import assume, given
from hypothesis import strategies as st

from shadowmon.records import Answer, Outcome, Question, Tool, ToolCall
from shadowmon.scoring.classification.label import LabelScorer
from shadowmon.scoring.numeric.embedding import EmbeddingScorer
from shadowmon.scoring.numeric.ranking import RankingScorer
from shadowmon.scoring.numeric.ranks import kendall_distance, ndcg, rank_biased_overlap
from shadowmon.scoring.numeric.tensors import TensorsScorer, absolute, relative
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.agreement import Comparison
from shadowmon.scoring.structure.amounts import amount
from shadowmon.scoring.structure.assignment import best_assignment
from shadowmon.scoring.structure.dates import readings
from shadowmon.scoring.structure.entities import EntitiesScorer
from shadowmon.scoring.structure.fields import FieldsScorer
from shadowmon.scoring.structure.json_schema import Schemas
from shadowmon.scoring.structure.schema import SchemaScorer
from shadowmon.scoring.structure.tools import ToolsScorer
from shadowmon.scoring.structure.values import WHOLE, Values
from tests.factories import a_pair, a_reply


KINDS = (
    *(EmbeddingScorer, EntitiesScorer, FieldsScorer, LabelScorer, RankingScorer, SchemaScorer),
    *(TensorsScorer, ToolsScorer),
)
READ = Values(tolerance=1e-9, typed=False, fold=True)
TYPED = Values(tolerance=1e-9, typed=True, fold=True)

written = st.sampled_from(
    ["9.00", "9", "RM 9", "9,00", "1,234", "5 %", "0012", "2018-12-25", "25/12/2018", "yes", "a b"]
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | written
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)
lines = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, 2, "x y", "x z"]), max_size=3),
    max_size=5,
)
orders = st.lists(st.integers(0, 9), unique=True)
numbers = st.lists(st.floats(), max_size=5)
schemas = (
    st.none()
    | st.booleans()
    | values
    | st.sampled_from(
        [{"type": "object"}, {"type": "array", "items": {"$ref": "#"}}, {"required": ["a"]}]
    )
)
calls = st.lists(
    st.builds(ToolCall, name=st.sampled_from(["f", "g"]), arguments=st.none() | values), max_size=4
).map(tuple)
answers = st.builds(
    Answer,
    text=st.none() | st.text(max_size=5) | values.map(json.dumps),
    fields=st.none() | values | lines,
    label=st.none() | st.sampled_from("ab"),
    probabilities=st.none() | st.dictionaries(st.sampled_from("ab"), st.floats()),
    embeddings=st.lists(numbers.map(tuple), max_size=3).map(tuple),
    ranking=st.none() | st.lists(st.sampled_from("abcd"), max_size=6).map(tuple),
    tensors=st.none() | st.dictionaries(st.sampled_from("yz"), numbers.map(tuple)),
    tool_calls=calls,
    incomplete=st.booleans(),
)
replies = st.builds(a_reply, outcome=st.sampled_from(Outcome), answer=st.none() | answers)
tools = st.lists(
    st.builds(Tool, name=st.sampled_from(["f", "g"]), parameters=schemas), max_size=2
).map(tuple)
questions = st.builds(Question, schema=schemas, tools=tools)


@given(replies, replies, questions)
def test_no_pair_makes_a_scorer_fail(baseline, optimized, question):
    """Whatever is asked and answered, every scorer returns well-formed observations."""
    panel = Panel({kind.__name__: kind(ScoringSettings()) for kind in KINDS})
    assert panel.score(a_pair(baseline, optimized, question=question)).scorer_failures == {}


@given(replies, questions)
def test_reply_is_at_no_distance_from_itself(reply, question):
    """Held against itself, a reply diverges in nothing, and both verdicts are the same."""
    again = copy.deepcopy(reply)
    for kind in KINDS:
        for each in kind(ScoringSettings()).score(a_pair(reply, again, question=question)):
            assert each.distance in {None, 0.0}
            assert each.baseline == each.optimized


@given(replies, replies, replies, questions)
def test_optimized_model_has_no_say_in_what_applies(baseline, one, other, question):
    """Which metrics are observed hangs on the question and the baseline alone."""
    for kind in KINDS:
        scorer = kind(ScoringSettings())
        observed = [
            {each.metric for each in scorer.score(a_pair(baseline, each_one, question=question))}
            for each_one in (one, other)
        ]
        assert observed[0] == observed[1]


@given(values | lines, values | lines)
def test_agreement_is_symmetric_and_in_range(one, other):
    """What two documents have in common is the same from either side, and never more than all."""
    found = Comparison(READ).agreement(one, other)
    assert found == Comparison(READ).agreement(other, one)
    assert 0 <= found.agree <= found.leaves
    assert found.agree * WHOLE <= found.credit <= found.leaves * WHOLE


@given(lines, st.randoms(use_true_random=False))
def test_order_of_objects_never_counts(array, dice):
    """However an array of objects is shuffled, all of it agrees."""
    shuffled = copy.deepcopy(array)
    dice.shuffle(shuffled)
    assert Comparison(READ).agreement(array, shuffled).whole


@given(plain, plain)
def test_values_are_the_same_from_either_side(one, other):
    """Sameness is symmetric, and what is the same by type is the same as it is read."""
    for each in (READ, TYPED):
        assert each.same(one, one)
        assert each.same(one, other) == each.same(other, one)
        assert each.credit(one, other) == each.credit(other, one)
    assert READ.same(one, other) or not TYPED.same(one, other)


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    """Any text is an amount or none, a date or none; never an error."""
    amount(text)
    readings(text)


@given(st.decimals(-(10**9), 10**9, places=2))
def test_amount_is_the_number_that_was_written(number):
    """A number is read as what it is, with thousands grouped or not."""
    for text in (f"{number}", f"{number:,}", f"RM {number:,}"):
        found = amount(text)
        assert found is not None
        assert found.value == number


@given(st.dates())
def test_date_is_the_day_that_was_written(day):
    """A day is read as what it is, whichever way it is written."""
    assume(day.year >= 1000)
    for text in (f"{day:%Y-%m-%d}", f"{day:%d %B %Y}", f"{day:%b %d, %Y}"):
        found, _ = readings(text)
        assert found is not None
        assert found.date() == day
    for text, place in ((f"{day:%d/%m/%Y}", 0), (f"{day:%m/%d/%Y}", 1)):
        moment = readings(text)[place]
        assert moment is not None
        assert moment.date() == day


@given(values, schemas)
def test_any_schema_is_valid_invalid_or_unusable(instance, schema):
    """Any JSON may be held to any schema; neither can make it fail."""
    assert Schemas().valid(instance, schema) in {True, False, None}


@given(st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), max_size=3))
def test_no_assignment_is_better(weights):
    """No other way to pair rows with columns sums to more."""
    found = sum(weights[row][column] for row, column in best_assignment(weights))
    assert found == slow_best(weights, frozenset(range(3)))


def slow_best(weights, columns):
    if not weights:
        return 0
    first, *rest = weights
    return max(first[each] + slow_best(rest, columns - {each}) for each in columns)


@given(orders, orders)
def test_orders_are_compared_within_range(one, other):
    """All three measures are in [0, 1], RBO and Kendall the same from either side."""
    assert 0 <= rank_biased_overlap(one, other) == rank_biased_overlap(other, one) <= 1
    assert 0 <= kendall_distance(one, other) == kendall_distance(other, one) <= 1
    assert 0 <= ndcg(one, other) <= 1 + 1e-12
    assert kendall_distance(one, one) == 0
    assert ndcg(one, one) == 1


@given(numbers, numbers)
def test_numbers_are_compared_within_range(one, other):
    """The errors of any numbers are in [0, 1], and the same from either side."""
    for measure in (absolute, relative):
        assert 0 <= measure(one, other, 1e-9) <= 1
        assert measure(one, other, 1e-9) == pytest.approx(measure(other, one, 1e-9), abs=1e-12)
        assert measure(one, one, 0) == 0


@given(numbers, numbers)
def test_angles_are_a_distance(one, other):
    """Any two vectors are at a distance in [0, 1], the same from either side."""
    mine, yours = (a_reply(answer=Answer(embeddings=(tuple(each),))) for each in (one, other))
    measure = EmbeddingScorer(ScoringSettings()).score
    there, back = measure(a_pair(mine, yours)), measure(a_pair(yours, mine))
    if there and back:  # both have a direction
        assert there == back
        assert there[0].distance is not None
        assert 0 <= there[0].distance <= 1
