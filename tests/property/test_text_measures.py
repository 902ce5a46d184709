from __future__ import annotations

import logging
import math

import pytest

from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from shadowmon.records import Answer, Question, Token
from shadowmon.scoring.numeric.tokens import TokensScorer, divergence
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text import bleu, rouge
from shadowmon.scoring.text.bleu import Bleu
from shadowmon.scoring.text.chrf import chrf
from shadowmon.scoring.text.chunks import chunks
from shadowmon.scoring.text.grounding import GroundingScorer, Source
from shadowmon.scoring.text.language import hints, language_divergence, profile
from shadowmon.scoring.text.negation import negations
from shadowmon.scoring.text.ngrams import Ngrams, shared_plainly
from shadowmon.scoring.text.normalize import prose, same_prose
from shadowmon.scoring.text.numbering import Characters, Words
from shadowmon.scoring.text.quantities import quantities
from shadowmon.scoring.text.repetition import degenerated, looping_tail, repeated_share, repeats
from shadowmon.scoring.text.rouge import Rouge
from shadowmon.scoring.text.scorer import TextScorer
from shadowmon.scoring.text.words import words, words_and_marks
from tests.factories import a_pair, a_reply


logging.getLogger("sacrebleu").setLevel(logging.ERROR)

ROUGE = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
CHRF2, BLEU4 = CHRF(), BLEU(effective_order=True)

anything = st.text(st.characters(exclude_categories=[]))
"""Any Unicode, surrogates and empty texts included."""
sayings = [
    "the",
    "cat",
    "sat",
    "7",
    "1,000.50",
    "-3",
    "don't",
    "日本",
    "\n",
    "нет",
    "la",
    "..",
    "e-\n",
]
few_words = st.lists(st.sampled_from(sayings), max_size=30).map(" ".join)
punctuated = st.text("a1-.,&;<>'\"# \n\tltampquo", max_size=40)
texts = anything | few_words | punctuated
letters = st.lists(st.sampled_from("abc"), max_size=12)
log_probabilities = st.floats(max_value=0) | st.floats()
thoughts = st.dictionaries(st.sampled_from("abcd"), log_probabilities)
tokens = st.lists(
    st.builds(
        Token,
        text=st.sampled_from("ab"),
        log_probability=log_probabilities,
        alternatives=thoughts,
    ),
    max_size=4,
).map(tuple)


@given(texts, texts)
def test_rouge_is_rouge_scores(reference, candidate):
    """On any text the figures are those of the rouge-score package, to the last bit."""
    expected = ROUGE.score(target=reference, prediction=candidate)
    found = Rouge(rouge.tokens(reference)).score(rouge.tokens(candidate))
    assert found.one == expected["rouge1"].fmeasure
    assert found.two == expected["rouge2"].fmeasure
    assert found.longest == expected["rougeL"].fmeasure


@given(texts, texts)
def test_rouge_is_symmetric(one, other):
    """It does not matter which text is the reference."""
    ours, theirs = rouge.tokens(one), rouge.tokens(other)
    assert Rouge(ours).score(theirs) == Rouge(theirs).score(ours)


@given(letters, letters)
def test_rouge_counts_the_longest_common_subsequence(one, other):
    """The figure follows from the length of the longest common subsequence, counted slowly."""
    common = slow_common_subsequence(one, other)
    expected = 2 * common / (len(one) + len(other)) if common else 0.0
    assert Rouge(one).score(other).longest == pytest.approx(expected, abs=1e-15)


@given(texts, texts)
def test_chrf_is_sacrebleus(reference, candidate):
    """On any text the figure is sacrebleu's chrF2, within rounding."""
    expected = CHRF2.sentence_score(candidate, [reference]).score / 100
    assert chrf(reference, candidate) == pytest.approx(expected, abs=1e-12)


@given(texts, texts)
def test_bleu_is_sacrebleus(reference, candidate):
    """On any text the figure is sacrebleu's sentence BLEU, within rounding."""
    expected = BLEU4.sentence_score(candidate, [reference]).score / 100
    found = Bleu(bleu.tokens(reference)).score(bleu.tokens(candidate))
    assert found == pytest.approx(expected, abs=1e-12)


@given(texts)
def test_one_search_finds_the_tokens_of_the_rules(text):
    """The tokens of BLEU that one regular expression finds are those of mteval's four rules."""
    cleaned = bleu.cleaned(text)
    assert bleu.cleaned_tokens(cleaned) == bleu.ruled_tokens(cleaned)


@given(texts, texts, st.integers(1, 6))
def test_fast_count_of_ngrams_is_the_plain_one(one, other, order):
    """Counting by one sort finds what counting one by one finds."""
    known = Characters(one)
    ngrams = Ngrams(known.codes(one), known.size, order)
    assert ngrams.shared(known.codes(other)) == shared_plainly(one, other, order)


@given(st.lists(texts), st.lists(texts))
def test_words_that_are_spelled_alike_are_alike(ours, theirs):
    """Each word of a text has a number of its own, and any other word is 0."""
    known = Words(ours)
    numbers = known.codes(known.spell([*ours, *theirs])).tolist()
    distinct = list(dict.fromkeys(ours))
    assert numbers == [
        distinct.index(word) + 1 if word in distinct else 0 for word in [*ours, *theirs]
    ]


@given(texts)
def test_text_is_itself(text):
    """A text with anything to count is at similarity 1 to itself, but for the last bit."""
    said, marked = rouge.tokens(text), bleu.tokens(text)
    assert chrf(text, text) == float(bool(text.strip()))
    assert Rouge(said).score(said) == (bool(said), len(said) > 1, bool(said))
    assert math.isclose(Bleu(marked).score(marked), bool(marked), abs_tol=1e-15)


@given(texts)
def test_chunks_have_what_the_text_has(text):
    """Whatever is counted of a text's chunks is, one after the other, what the text has."""
    found = chunks(text)
    cleaned = bleu.cleaned(text)
    assert [word for each in found for word in each.rouge] == rouge.tokens(text)
    assert [word for each in found for word in each.marked] == words_and_marks(text)
    assert [word for each in chunks(cleaned) for word in each.bleu] == bleu.tokens(text)
    assert [number for each in found for number in each.quantities] == quantities(text)
    assert [language for each in found for language in each.hints] == hints(text)
    assert sum(each.words for each in found) == len(words(text))
    assert sum(each.negations for each in found) == negations(text)


@given(texts, texts)
def test_early_word_on_sameness_is_the_last_one(one, other):
    """Whether two texts are the same is told soon, and rightly."""
    assert same_prose(one, other) == (prose(one) == prose(other))


@given(texts, texts)
def test_language_divergence_is_a_symmetric_distance(one, other):
    """The divergence is in [0, 1], the same in both directions, and 0 for the same text."""
    ours, theirs = (profile(text, hints(text)) for text in (one, other))
    apart = language_divergence(ours, theirs)
    assert 0.0 <= apart <= 1.0
    assert apart == pytest.approx(language_divergence(theirs, ours), abs=1e-12)
    assert language_divergence(ours, ours) == 0.0


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_looping_tail_is_the_longest_one(said):
    """The linear search for a loop at the end finds what trying every period finds."""
    assert looping_tail(said) == slow_looping_tail(said)


@given(st.text("ab", max_size=12), st.text("ab", min_size=1, max_size=20), st.integers(1, 60))
def test_shortcut_overlooks_no_loop(before, phrase, copies):
    """Where the last run of words is too rare to look for a loop there is none to be found."""
    said = list(before + phrase * copies)
    loops = looping_tail(said) >= 48 or (len(said) >= 64 and repeated_share(said) > 0.6)
    assert degenerated(said) == loops


@given(texts, st.text("abc ", min_size=1, max_size=8).filter(str.strip))
def test_loop_is_seen_after_any_text(before, phrase):
    """Whatever comes before, a phrase of letters that is said sixty times is a repetition."""
    assert repeats(f"{before} " + f"{phrase.strip()} " * 60)


@given(texts, texts)
def test_grounding_is_a_share(source, text):
    """The share is in [0, 1], and 1 for a text with words held against itself."""
    assert 0.0 <= Source(source).share(text) <= 1.0
    assert Source(text).share(text) == float(bool(words(text)))


@given(st.lists(st.floats(1e-6, 1), min_size=3, max_size=3), st.data())
def test_token_divergence_is_a_lower_bound(weights, data):
    """What is measured of the named tokens never exceeds the divergence of the whole."""
    others = data.draw(st.lists(st.floats(1e-6, 1), min_size=3, max_size=3))
    p, q = ([each / sum(drawn) for each in drawn] for drawn in (weights, others))
    whole = sum(ours * math.log(ours / theirs) for ours, theirs in zip(p, q, strict=True))
    named = data.draw(st.sets(st.integers(0, 2)))
    ours, theirs = ({str(at): math.log(each[at]) for at in named} for each in (p, q))
    assert 0.0 <= divergence(ours, theirs) <= whole + 1e-6


@given(texts, texts, texts, tokens, tokens)
def test_no_pair_makes_a_scorer_fail(source, ours, theirs, our_tokens, their_tokens):
    """Whatever is asked and answered, each scorer returns well-formed observations."""
    kinds = (TextScorer, GroundingScorer, TokensScorer)
    panel = Panel({kind.__name__: kind(ScoringSettings()) for kind in kinds})
    pair = a_pair(
        a_reply(answer=Answer(text=ours, tokens=our_tokens)),
        a_reply(answer=Answer(text=theirs, tokens=their_tokens)),
        question=Question(source=source),
    )
    assert panel.score(pair).scorer_failures == {}


def slow_common_subsequence(one, other):
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, mine in enumerate(one):
        for j, theirs in enumerate(other):
            longest = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if mine == theirs else longest
    return lengths[-1][-1]


def slow_looping_tail(said):
    best = 0
    for length in range(1, len(said) + 1):
        tail = said[len(said) - length :]
        for period in range(1, length // 3 + 1):
            if all(tail[at] == tail[at + period] for at in range(length - period)):
                best = length
    return best
