from __future__ import annotations

from shadowmon.scoring.text.numbering import Characters, Words


def test_characters_are_numbered_densely():
    """Characters have the numbers from 1 on, whatever their code points; strangers have 0."""
    known = Characters("a\U0001f600a")
    assert known.size == 2
    assert known.codes("a\U0001f600b\U0010ffff\0").tolist() == [1, 2, 0, 0, 0]


def test_half_a_surrogate_pair_and_nul_are_characters():
    """No character is special."""
    known = Characters("\ud800\0")
    assert known.codes("\0\ud800\udfff").tolist() == [1, 2, 0]


def test_words_are_numbered_as_they_come():
    """Words have the numbers from 1 on in the order of the text; strangers have 0."""
    known = Words(["the", "cat", "the"])
    assert known.size == 2
    assert known.codes(known.spell(["cat", "dog", "the"])).tolist() == [2, 0, 1]


def test_very_many_words():
    """Numbers go on where characters are half surrogate pairs."""
    many = [str(at) for at in range(60_000)]
    known = Words(many)
    assert known.codes(known.spell(many)).tolist() == list(range(1, 60_001))
