"""The root of a function in an interval."""

from __future__ import annotations

import pytest

from shadowmon.evidence.root import root


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x * x - 2, 2**0.5),
        (lambda x: x**3 - x - 2, 1.5213797068),
        (lambda x: -1.0 if x < 1.25 else 1.0, 1.25),
        (lambda x: x - 4.0, 4.0),
    ],
)
def test_roots(function, expected):
    """A root is found to the tolerance: smooth, stepped, or at an end."""
    assert root(function, 0.0, 4.0, tolerance=1e-6) == pytest.approx(expected, abs=1e-6)


def test_no_root():
    """A root is not looked for without end."""
    with pytest.raises(ArithmeticError, match="no root"):
        root(lambda x: -1.0 if x < 0.5 else 1.0, -1e300, 1e300, tolerance=1e-4)
