from __future__ import annotations

from rouge_score.rouge_scorer import RougeScorer

from shadowmon.scoring.text.rouge import Rouge, tokens
from tests.answers import real_pairs


REFERENCE = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)


def score(reference, candidate):
    return Rouge(tokens(reference)).score(tokens(candidate))


def test_equal_to_rouge_score_on_real_answers():
    """On real paired answers the figures are those of the rouge-score package, to the last bit."""
    for one, other in real_pairs():
        expected = REFERENCE.score(target=one, prediction=other)
        assert score(one, other) == tuple(each.fmeasure for each in expected.values())


def test_order_of_words_counts():
    """Of the same words in reverse order only ROUGE-1 sees no difference."""
    assert score("a b c", "c b a") == (1.0, 0.0, 1 / 3)


def test_copies_of_a_word_count_as_often_as_both_have_them():
    """A word that is said again is shared only as often as the other text says it."""
    assert score("a a b", "a b b").one == 2 / 3


def test_texts_without_tokens_share_nothing():
    """A text without a word of a to z or 0 to 9 has a similarity of 0, even to itself."""
    assert score("日本語", "日本語") == (0.0, 0.0, 0.0)


def test_tokens_are_lower_case_letters_and_digits():
    """Everything but letters and digits parts words; case is folded."""
    assert tokens("Don't pay $1,000—NOW") == ["don", "t", "pay", "1", "000", "now"]
