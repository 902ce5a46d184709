from __future__ import annotations

from shadowmon.scoring.text.ngrams import Ngrams, shared_plainly
from shadowmon.scoring.text.numbering import Characters
from tests.answers import real_pairs


def shared(one, other, order):
    known = Characters(one)
    return Ngrams(known.codes(one), known.size, order).shared(known.codes(other))


def test_fast_count_is_the_plain_count_on_real_answers():
    """Counting by one sort finds what counting one by one finds."""
    for one, other in real_pairs():
        assert shared(one, other, 6) == shared_plainly(one, other, 6)


def test_copies_are_shared_once_each():
    """An n-gram that stands three times here and twice there is shared twice."""
    assert shared("aaa", "aa", 3) == [2, 1, 0]


def test_nothing_runs_over_the_end():
    """The last items of a text are no n-gram that is longer than they are."""
    assert shared("ab", "xab", 3) == [2, 1, 0]
    assert shared("", "ab", 2) == shared("ab", "", 2) == [0, 0]


def test_alphabet_that_does_not_fit_is_counted_plainly():
    """More different characters than fit into a packed n-gram are counted all the same."""
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 2000)))
    assert shared(many, many[::-1], 6) == [2000, 0, 0, 0, 0, 0]
    assert shared(many, many, 2) == [2000, 1999]
