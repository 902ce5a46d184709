from __future__ import annotations

import math

from fractions import Fraction

import numpy as np
import pytest

from shadowmon.evidence.exact import Table


GENERATOR = np.random.default_rng(7)
TABLE = np.log1p(np.outer(np.linspace(-0.05, 0.95, 130), np.geomspace(1e-3, 0.99, 60))) / 256


@pytest.mark.parametrize("most", [10, 10**6, 10**9, 2**40])
def test_an_account_gives_the_same_bits_alone_and_among_others(most):
    """Neither the number of accounts beside it, nor their order, nor their size plays a part."""
    accounts = GENERATOR.integers(0, most, (300, 130))
    accounts[::2, 20:] = 0
    order = GENERATOR.permutation(300)
    table = Table(TABLE)

    together = table.times(accounts)

    assert (table.times(accounts[order]) == together[:, order]).all()
    for number in range(0, 300, 17):
        assert (table.times(accounts[number : number + 1])[:, 0] == together[:, number]).all()


def test_columns_give_the_same_bits_alone_and_beside_others():
    """Which other bets lie in the same table plays no part either."""
    accounts = GENERATOR.integers(0, 10**7, (5, 130))

    wide = Table(TABLE).times(accounts)

    for begin in range(0, 60, 7):
        assert (Table(TABLE[:, begin : begin + 7]).times(accounts) == wide[begin : begin + 7]).all()


@pytest.mark.parametrize("most", [10**3, 10**9])
def test_the_sum_is_as_near_as_that_of_floats(most):
    """Against exact fractions the error is within some last bits of the largest term."""
    accounts = GENERATOR.integers(0, most, (3, 130))

    product = Table(TABLE).times(accounts)

    for column in range(0, 60, 13):
        for row, account in enumerate(accounts.tolist()):
            exact = sum(
                count * Fraction(entry)
                for count, entry in zip(account, TABLE[:, column].tolist(), strict=True)
            )
            allowed = sum(account) * float(np.abs(TABLE[:, column]).max()) * 2.0**-48
            assert math.isclose(product[column, row], float(exact), rel_tol=1e-12, abs_tol=allowed)


def test_places_are_cut_out_in_order():
    """A table may be of some places only."""
    accounts = GENERATOR.integers(0, 10**7, (9, 300))
    cuts = [(20, 100), (250, 300)]
    chosen = np.concatenate([accounts[:, begin:end] for begin, end in cuts], axis=1)

    assert (Table(TABLE).times(accounts, cuts) == Table(TABLE).times(chosen)).all()


@pytest.mark.parametrize("most", [100, 10**7])
@pytest.mark.parametrize("missing", [0, 7])
def test_some_accounts_of_many_are_as_they_are_alone(most, missing):
    """Which accounts are meant may be said by their numbers."""
    accounts = GENERATOR.integers(0, most, (40, 300))
    accounts[:, -1] = missing
    cuts, which = [(20, 149), (299, 300)], np.array([3, 17, 39])

    some = Table(TABLE).times(accounts, cuts, which)

    assert (some == Table(TABLE).times(accounts, cuts)[:, which]).all()


@pytest.mark.parametrize("most", [1, 100, 10**7])
def test_a_product_may_be_written_where_there_is_room(most):
    """It overwrites what was there, and is the product that is made anew otherwise."""
    accounts = GENERATOR.integers(0, most, (9, 130))
    room = np.full((80, 9), np.nan)

    Table(TABLE).times(accounts, out=room[10:70])

    assert (room[10:70] == Table(TABLE).times(accounts)).all()
    assert np.isnan(room[:10]).all()
    assert np.isnan(room[70:]).all()


def test_accounts_are_left_as_they_are():
    """Large counts are divided in a copy: an account is not ours to change."""
    accounts = GENERATOR.integers(0, 10**9, (3, 130)).astype(np.float64)
    before = accounts.copy()

    Table(TABLE).times(accounts)

    assert (accounts == before).all()


def test_nothing_counted_is_nothing():
    """Empty accounts, and no account at all, are no case of their own."""
    assert (Table(TABLE).times(np.zeros((2, 130), dtype=np.int64)) == np.zeros((60, 2))).all()
    assert Table(TABLE).times(np.zeros((0, 130), dtype=np.int64)).shape == (60, 0)
    assert (Table(TABLE[:1]).times(np.zeros((2, 1), dtype=np.int64)) == np.zeros((60, 2))).all()
