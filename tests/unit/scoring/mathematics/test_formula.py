from __future__ import annotations

import pytest

from shadowmon.scoring.mathematics.formula import FORMULA_MAX, is_formula, normal_form


@pytest.mark.parametrize(
    "text",
    [
        *("2x+1", r"\pi", "\u03c0", "[0,1)", r"x \in \{1, 2\}", "x = 5 or x = 3", r"5\text{ or }6"),
        *("sin(x)^2", "\u221e", r"\sqrt{2}", "3\u20135"),
    ],
)
def test_formulas(text):
    """What can be calculated, or solved, is a formula."""
    assert is_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Monday", r"\text{Monday}", "x", "5 apples", "It is 4", "{1", "()", "\u517118\u4e2a"),
        "1+" * FORMULA_MAX + "1",
    ],
)
def test_phrases(text):
    """Words, and what is longer than any formula, are none."""
    assert not is_formula(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\dfrac{x}{2}", r"\frac{x}{2}"),
        (r"\left( 1, \, 2 \right)", "(1,2)"),
        ("x^{2}", "x^2"),
        (r"x \leq 3", "x <= 3"),
        (r"\infty", "\u221e"),
        (r"\text{Monday}", "monday"),
        ("(A)", "A"),
        ("New  York.", "new york"),
        (r"\(x+1\)", "$x + 1$"),
    ],
)
def test_same_at_sight(one, other):
    """Layout, and the case of words, do not count."""
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"), [("x+1", "X+1"), ("1 2 x", "12x"), ("Monday", "dynamo"), ("x", "y")]
)
def test_not_same_at_sight(one, other):
    """A variable's case counts, a blank between two numbers, and the order of letters."""
    assert normal_form(one) != normal_form(other)
