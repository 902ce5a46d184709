"""The shift of one sample above another."""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.gates.mann_whitney import shift


def a_sample(*values: float):
    """Return values as the judge has them."""
    return np.array(values, dtype=np.float64)


def test_kayentas_own_figures():
    """The figures that spinnaker#6278 prints are reproduced to every digit."""
    lower, upper, estimate = shift(
        a_sample(*[100.0] * 7, *[1.0] * 3), a_sample(*[1.0] * 10), level=0.98
    )

    assert lower == pytest.approx(6.825e-05, rel=1e-4)
    assert upper == pytest.approx(99.0)
    assert estimate == pytest.approx(98.99992904, abs=5e-9)
    assert 0.25 * estimate == pytest.approx(24.74998226, abs=5e-9)


def test_rs_figures():
    """R's wilcox.test(c(10,20,30,40), 1:4, conf.int=TRUE, exact=FALSE) gives 6, 39 and 22.5."""
    found = shift(a_sample(10, 20, 30, 40), a_sample(1, 2, 3, 4), level=0.95)

    assert found == pytest.approx((6.0, 39.0, 22.5), abs=1e-6)


def test_the_other_way_round():
    """Which of two samples comes first turns the interval round, and nothing else."""
    one, other = a_sample(1, 2, 3, 5, 8, 13), a_sample(4, 6, 10, 12, 17, 20)

    lower, upper, _ = shift(one, other, level=0.95)

    assert shift(other, one, level=0.95)[:2] == pytest.approx((-upper, -lower), abs=2e-4)


def test_tied_values_have_no_shift():
    """Where all values are tied there is no variance to hold anything against."""
    with pytest.raises(ArithmeticError, match="tied"):
        shift(a_sample(1, 1), a_sample(1, 1), level=0.98)
