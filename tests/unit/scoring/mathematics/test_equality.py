from __future__ import annotations

import pytest

from shadowmon.scoring.mathematics.equality import canonical, same_at_sight


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("18", "18.0", True),
        ("18", "19", False),
        ("1e3", "1000", True),
        (r"\text{Monday}", "Monday", True),
        (r"\text{Monday}", "dynamo", False),
        ("Monday", "18", False),
        ("x^{2}", "x^2", True),
        ("1e999999999", "1e999999999", True),
        ("x+1", "1+x", None),
        ("[0,1)", "0<=x<1", None),
        ("5", r"\sqrt{25}", None),
    ],
)
def test_same_at_sight(one, other, are_same):
    """Numbers and phrases are decided; of two formulas that differ only a proof can tell."""
    assert same_at_sight(one, other) is are_same
    assert same_at_sight(other, one) is are_same


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("She has 9 * 2 = $18.00 left.", "18"),
        ("18", "18"),
        (r"\boxed{\frac{6}{8}}", "3/4"),
        ("0.75", "3/4"),
        ("The answer is 75%.", "75"),
        ("The answer is New York.", "new york"),
        (r"\boxed{x^{2} + 1}", "x^2+1"),
        ("I do not\nknow.", "i do not know."),
    ],
)
def test_canonical_forms(text, form):
    """An answer and a label that mean the same number have the same form."""
    assert canonical(text) == form
    assert canonical(form) == form
