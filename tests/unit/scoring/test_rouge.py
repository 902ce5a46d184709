from __future__ import annotations

from rouge_score.rouge_scorer import RougeScorer

from shadowmon.scoring.rouge import rouge_l, tokens
from tests.answers import real_pairs


REFERENCE = RougeScorer(["rougeL"], use_stemmer=False)


def test_equal_to_rouge_score_on_real_answers():
    """On real paired answers the figure is that of the rouge-score package, to the last bit."""
    for one, other in real_pairs():
        expected = REFERENCE.score(target=one, prediction=other)["rougeL"].fmeasure
        assert rouge_l(tokens(one), tokens(other)) == expected


def test_order_of_words_counts():
    """The same words in reverse order share only one of them in order."""
    assert rouge_l(["a", "b", "c"], ["c", "b", "a"]) == 1 / 3


def test_texts_without_tokens_share_nothing():
    """A text without a word of a to z or 0 to 9 has a similarity of 0, even to itself."""
    assert rouge_l(tokens("日本語"), tokens("日本語")) == 0.0


def test_tokens_are_lower_case_letters_and_digits():
    """Everything but letters and digits parts words; case is folded."""
    assert tokens("Don't pay $1,000—NOW") == ["don", "t", "pay", "1", "000", "now"]
