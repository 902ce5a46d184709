from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.classification.distributions import jensen_shannon, normalized
from shadowmon.scoring.classification.label import LabelScorer
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.safety import SafetyScorer
from shadowmon.scoring.service.scorer import ServiceScorer, excess
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.documents import leaves
from shadowmon.scoring.structure.fields import FieldsScorer
from shadowmon.scoring.text.scorer import TextScorer
from tests.factories import a_pair, a_reply


anything = st.text(st.characters(exclude_categories=[]))
"""Any Unicode, surrogates and empty texts included."""
few_words = st.lists(st.sampled_from(["the", "cat", "sat", "7", "日本", "\n"]), max_size=30).map(
    " ".join
)
texts = anything | few_words
weights = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1), min_size=1).filter(
    lambda drawn: normalized(drawn) is not None
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)
figures = st.none() | st.floats(0, 1e9)
answers = st.builds(
    Answer,
    text=st.none() | texts,
    refusal=st.none() | texts,
    label=st.none() | st.sampled_from("ab"),
    probabilities=st.none() | st.dictionaries(st.sampled_from("abcd"), st.floats()),
    fields=values,
    incomplete=st.booleans(),
    output_tokens=st.none() | st.integers(0, 10_000),
)
replies = st.builds(
    a_reply,
    outcome=st.sampled_from(Outcome),
    answer=st.none() | answers,
    duration_seconds=st.floats(0, 1e4),
    first_byte_seconds=figures,
    cost=figures,
)


@given(weights, weights)
def test_jensen_shannon_is_a_symmetric_distance(one, other):
    """The divergence is in [0, 1], the same in both directions, and 0 for the same distribution."""
    p, q = normalized(one), normalized(other)
    assert p is not None
    assert q is not None
    assert 0.0 <= jensen_shannon(p, q) == jensen_shannon(q, p) <= 1.0
    assert jensen_shannon(p, p) == 0.0


@given(values, values)
def test_field_divergence_is_a_symmetric_distance(one, other):
    """The share of differing fields is in [0, 1], symmetric, and 0 for the same document."""
    scorer = FieldsScorer(ScoringSettings())
    assert 0.0 <= scorer.divergence(one, other) == scorer.divergence(other, one) <= 1.0
    assert scorer.divergence(one, json.loads(json.dumps(one))) == 0.0


@given(values)
def test_document_is_its_leaves(document):
    """Every document has a leaf, and no path leads to two."""
    found = list(leaves(document))
    assert 1 <= len(found) == len({path for path, _ in found})


@given(st.floats(0, 1e300), st.floats(0, 1e300))
def test_excess_is_a_share(baseline, optimized):
    """An excess is in [0, 1], and 0 wherever the optimized model needs no more."""
    assert 0.0 <= excess(baseline, optimized) <= 1.0
    assert min(excess(baseline, optimized), excess(optimized, baseline)) == 0.0


@given(replies, replies)
def test_no_pair_makes_a_scorer_fail(baseline, optimized):
    """Whatever the models answer, every scorer returns well-formed observations."""
    settings = ScoringSettings(unsafe_patterns=("a",))
    kinds = (LabelScorer, TextScorer, FieldsScorer, SafetyScorer, ServiceScorer)
    panel = Panel({kind.__name__: kind(settings) for kind in kinds})
    assert panel.score(a_pair(baseline, optimized)).scorer_failures == {}


@given(replies)
def test_reply_is_at_no_distance_from_itself(reply):
    """Held against itself, a reply diverges in nothing, and both verdicts are the same."""
    settings = ScoringSettings(unsafe_patterns=("a",))
    for kind in (LabelScorer, TextScorer, FieldsScorer, SafetyScorer, ServiceScorer):
        for each in kind(settings).score(a_pair(reply, reply)):
            assert each.distance in {None, 0.0}
            assert each.baseline == each.optimized
