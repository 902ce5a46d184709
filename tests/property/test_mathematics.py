from __future__ import annotations

from fractions import Fraction

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.scoring.mathematics.equality import canonical, same_at_sight
from shadowmon.scoring.mathematics.final_answer import final_answer
from shadowmon.scoring.mathematics.number import number


WHOLE = st.integers(min_value=-(10**12), max_value=10**12)
TEXTS = st.text(
    st.one_of(st.sampled_from("0123456789.,/%$ \\{}^=()[]*#-\nxe"), st.characters()), max_size=80
)
SENTENCES = (
    "{}",
    "It takes 7 days. #### {}",
    "The answer is {}.",
    "So 5 of them make {} apples.",
    "5 + 3 = {}",
    "**Answer:** {}",
    "\\boxed{{{}}}",
)


@pytest.mark.parametrize("sentence", SENTENCES)
@given(WHOLE)
def test_whole_numbers_survive_any_dress(sentence, value):
    """A number means the same in every convention, with commas, decimals or an exponent."""
    for written in (f"{value}", f"{value:,}", f"{value:,}.00", f"{value * 10}e-1"):
        assert canonical(sentence.format(written)) == str(value)


@given(WHOLE, st.integers(min_value=1, max_value=10**6))
def test_fractions_survive_any_dress(top, bottom):
    """A fraction means the same with a slash and in LaTeX, and is the reduced one."""
    form = str(Fraction(top, bottom))
    assert canonical(f"{top}/{bottom}") == form
    assert canonical(rf"\boxed{{\frac{{{top}}}{{{bottom}}}}}") == form


@given(WHOLE, WHOLE)
def test_numbers_are_the_same_only_if_they_are_equal(one, other):
    """No two different numbers have the same canonical form, or are the same at sight."""
    assert same_at_sight(str(one), str(other)) is (one == other)
    assert (canonical(str(one)) == canonical(str(other))) is (one == other)


@given(TEXTS, TEXTS)
def test_any_texts_are_read(one, other):
    """Whatever a model writes is read without an error, and comparing has no direction."""
    ours, theirs = final_answer(one) or one, final_answer(other) or other
    assert same_at_sight(ours, ours) is True
    assert same_at_sight(ours, theirs) is same_at_sight(theirs, ours)


@given(TEXTS)
def test_numbers_have_equal_canonical_forms(text):
    """What is the same number as written, but for per cent, has the same form in any text."""
    read = number(text)
    if read is not None:
        assert canonical(rf"\boxed{{{read.value}}}") == str(read.value)
