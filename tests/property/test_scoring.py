from __future__ import annotations

import json

import pytest

from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.chrf import CHRF

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.chrf import chrf, shared_ngrams, shared_ngrams_plainly
from shadowmon.scoring.distributions import jensen_shannon, normalized
from shadowmon.scoring.fields import FieldsScorer, leaves
from shadowmon.scoring.label import LabelScorer
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.repetition import looping_tail, repeats
from shadowmon.scoring.rouge import rouge_l, tokens
from shadowmon.scoring.safety import SafetyScorer
from shadowmon.scoring.service import ServiceScorer, excess
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text import TextScorer
from tests.factories import a_pair, a_reply


ROUGE = RougeScorer(["rougeL"], use_stemmer=False)

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


@given(texts, texts)
def test_rouge_is_rouge_scores(reference, candidate):
    """On any text the figure is that of the rouge-score package, to the last bit."""
    expected = ROUGE.score(target=reference, prediction=candidate)["rougeL"].fmeasure
    assert rouge_l(tokens(reference), tokens(candidate)) == expected


@given(texts, texts)
def test_rouge_is_symmetric(one, other):
    """It does not matter which text is the reference."""
    assert rouge_l(tokens(one), tokens(other)) == rouge_l(tokens(other), tokens(one))


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_rouge_counts_the_longest_common_subsequence(one, other):
    """The figure follows from the length of the longest common subsequence, counted slowly."""
    common = slow_common_subsequence(one, other)
    expected = 2 * common / (len(one) + len(other)) if common else 0.0
    assert rouge_l(one, other) == pytest.approx(expected, abs=1e-15)


@given(texts, texts)
def test_chrf_is_sacrebleus(reference, candidate):
    """On any text the figure is sacrebleu's chrF2, within rounding."""
    expected = CHRF().sentence_score(candidate, [reference]).score / 100
    assert chrf(reference, candidate) == pytest.approx(expected, abs=1e-12)


@given(texts, texts)
def test_fast_count_of_ngrams_is_the_plain_one(one, other):
    """Counting by one sort finds what counting one by one finds."""
    assert shared_ngrams(one, other) == shared_ngrams_plainly(one, other)


@given(texts)
def test_text_is_itself(text):
    """A text with anything to count is at similarity 1 to itself, exactly."""
    assert chrf(text, text) == float(bool(text.strip()))
    assert rouge_l(tokens(text), tokens(text)) == float(bool(tokens(text)))


@given(weights, weights)
def test_jensen_shannon_is_a_symmetric_distance(one, other):
    """The divergence is in [0, 1], the same in both directions, and 0 for the same distribution."""
    p, q = normalized(one), normalized(other)
    assert p is not None
    assert q is not None
    assert 0.0 <= jensen_shannon(p, q) == jensen_shannon(q, p) <= 1.0
    assert jensen_shannon(p, p) == 0.0


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_looping_tail_is_the_longest_one(words):
    """The linear search for a loop at the end finds what trying every period finds."""
    assert looping_tail(words) == slow_looping_tail(words)


@given(texts, st.text("abc ", min_size=1, max_size=8).filter(str.strip))
def test_loop_is_seen_after_any_text(before, phrase):
    """Whatever comes before, a phrase of letters that is said sixty times is a repetition."""
    assert repeats(f"{before} " + f"{phrase.strip()} " * 60)


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


def slow_common_subsequence(one, other):
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, mine in enumerate(one):
        for j, theirs in enumerate(other):
            longest = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if mine == theirs else longest
    return lengths[-1][-1]


def slow_looping_tail(words):
    best = 0
    for length in range(1, len(words) + 1):
        tail = words[len(words) - length :]
        for period in range(1, length // 3 + 1):
            if all(tail[at] == tail[at + period] for at in range(length - period)):
                best = length
    return best
