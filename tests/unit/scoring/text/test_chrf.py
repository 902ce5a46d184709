from __future__ import annotations

import pytest

from sacrebleu.metrics.chrf import CHRF

from shadowmon.scoring.text.chrf import chrf
from tests.answers import real_pairs


def test_equal_to_sacrebleu_on_real_answers():
    """On real paired answers the figure is sacrebleu's chrF2, within rounding."""
    for one, other in real_pairs():
        expected = CHRF().sentence_score(other, [one]).score / 100
        assert chrf(one, other) == pytest.approx(expected, abs=1e-12)


def test_blank_text_shares_nothing():
    """A blank text has a similarity of 0 to any text."""
    assert chrf("hello", " \n") == 0.0
    assert chrf("", "") == 0.0


def test_white_space_and_nothing_else_is_left_out():
    """Blanks do not count; case does."""
    assert chrf("a b c", "abc") == 1.0
    assert chrf("abc", "ABC") == 0.0


def test_recall_weighs_more():
    """Leaving out half of the reference costs more than adding as much."""
    assert chrf("abcdefgh", "abcd") < chrf("abcd", "abcdefgh")


def test_any_alphabet_is_counted():
    """More different characters than fit into a packed 6-gram are counted all the same."""
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 2000)))
    assert chrf(many, many) == 1.0
    assert chrf(many, many[::-1]) == pytest.approx(1 / 6)
