from __future__ import annotations

import pytest

from sacrebleu.metrics.bleu import BLEU

from shadowmon.scoring.text.bleu import Bleu, cleaned, cleaned_tokens, ruled_tokens, tokens
from tests.answers import real_pairs


REFERENCE = BLEU(effective_order=True)


def score(reference, candidate):
    return Bleu(tokens(reference)).score(tokens(candidate))


def test_equal_to_sacrebleu_on_real_answers():
    """On real paired answers the figure is sacrebleu's sentence BLEU, within rounding."""
    for one, other in real_pairs():
        expected = REFERENCE.sentence_score(other, [one]).score / 100
        assert score(one, other) == pytest.approx(expected, abs=1e-12)


def test_one_search_finds_the_tokens_of_the_rules_on_real_answers():
    """The tokens that one regular expression finds are those of mteval's four rules."""
    for pair in real_pairs():
        for text in map(cleaned, pair):
            assert cleaned_tokens(text) == ruled_tokens(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $1,000.50.", ["It", "costs", "$", "1,000.50", "."]),
        ("1990-2000, well-known", ["1990", "-", "2000", ",", "well-known"]),
        ("wait...5 and a.,5", ["wait", ".", ".", ".", "5", "and", "a", ".", ",5"]),
        ("&lt;b&gt; don't", ["<", "b", ">", "don't"]),
        ("hyphen-\nated <skipped>", ["hyphenated"]),
        ("x5-", ["x5", "-"]),
        ("", []),
    ],
)
def test_tokens(text, expected):
    """Words are parted as mteval-v13a parts them, oddities included."""
    assert tokens(text) == expected


def test_short_texts_are_judged_by_the_runs_that_they_have():
    """Two words that are the same are the same: there are no runs of three to miss."""
    assert score("hello there", "hello there") == pytest.approx(1.0)


def test_shorter_candidate_is_held_down():
    """Half of a text is precise, and all the same not the whole."""
    assert score("a b c d e f g h", "a b c d") == pytest.approx(0.36787944117144233)


def test_nothing_in_common():
    """Without a shared word, and without words, there is no similarity."""
    assert score("a b", "c d") == score("a", "") == score("", "a") == 0.0
