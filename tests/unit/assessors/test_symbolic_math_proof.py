from __future__ import annotations

import pytest

from shadowmon.assessors.symbolic_math_proof import complaint, latex


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("x**2", "x^2"),
        ("x^10", "x^{10}"),
        ("x**-10", "x^{-10}"),
        ("\u221a2", r"\sqrt{2}"),
        ("\u221a(x+1)", r"\sqrt{(x+1)}"),
        ("(-\u221e, 3]", r"(-\infty , 3]"),
        ("2pi", r"2\pi "),
        ("sin(x)", r"\sin (x)"),
        (r"\frac{\pi}{2}", r"\frac{\pi}{2}"),
        ("pix", "pix"),
    ],
)
def test_plain_writing_becomes_latex(written, read):
    """What models write outside of LaTeX is written as LaTeX has it; LaTeX is left alone."""
    assert latex(written) == read


def test_a_prover_that_is_wrong_is_found_out():
    """One that holds everything equal, or nothing, gets formulas that are known wrong."""
    assert "were found equal" in complaint(lambda _one, _other: True)
    assert "were not found equal" in complaint(lambda _one, _other: False)
