from __future__ import annotations

import pytest

from shadowmon.scoring.text.negation import negation_divergence, negations


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It is not so, and never was.", 2),
        ("Don't! It can\u2019t be, nor could it.", 3),
        ("I cannot go without it.", 2),
        ("Das ist nicht wahr, und keine Frage.", 2),
        ("No, no es verdad.", 2),
        ("Это не так.", 1),
        ("这不是真的", 1),
        ("行かないし、行きません", 2),
        ("A knot is nothing but a notion.", 1),
        ("", 0),
    ],
)
def test_words_that_negate_are_counted(text, count):
    """Plain words of negation count, in several languages, and not what only looks like them."""
    assert negations(text) == count


def test_one_negation_in_a_short_text_is_far():
    """A sentence and its opposite are as far apart as can be."""
    assert negation_divergence((0, 5), (1, 6)) == 1.0


def test_rates_are_compared():
    """Twice as many negations in twice as long a text are no difference."""
    assert negation_divergence((2, 100), (4, 200)) == 0.0
    assert negation_divergence((2, 100), (3, 100)) == pytest.approx(0.2)


def test_text_without_words():
    """A text without words negates nothing."""
    assert negation_divergence((0, 0), (0, 9)) == 0.0
