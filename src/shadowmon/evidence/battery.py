"""
Many claims on many cells, weighed in one matrix product.

What `EProcess` does for one claim and one account, for all claims on one metric and all of its
slices together: accounts (cells x places) @ tables (places x bets of all claims), and the mixture
of each claim's bets. The figures are the same but for the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence.eprocess import EProcess
from shadowmon.evidence.gains import Floats


_SMALL = 200_000
"""Multiplications in one product. For so few BLAS starts no threads: those cost more than they save
beside traffic that needs the processors (OpenBLAS: from 4 x 65 536 on)."""


class Battery:
    """The bets of several claims on one kind of account."""

    def __init__(self, processes: Sequence[EProcess]) -> None:
        """
        Put tables side by side.

        Args:
            processes: One for each claim; their accounts have the same places.

        """
        sizes = [len(process.log_shares) for process in processes]
        self._tables = np.concatenate([process.log_factors for process in processes], axis=1)
        self._log_shares = np.concatenate([process.log_shares for process in processes])
        self._begins = np.cumsum([0, *sizes[:-1]])
        self._claim_of = np.repeat(np.arange(len(sizes)), sizes)

    def log_e_values(self, accounts: NDArray[np.int64] | Floats) -> Floats:
        """
        Return the logarithm of each claim's e-value in each cell.

        Args:
            accounts: (cells, places).

        Returns:
            (cells, claims).

        """
        hit = np.flatnonzero(accounts.any(axis=0))  # of a histogram's places, few ever are
        counts, tables = accounts[:, hit].astype(np.float64), self._tables[hit]
        wealth = np.empty((len(counts), tables.shape[1]))
        rows = max(1, _SMALL // max(1, tables.size))
        for begin in range(0, len(counts), rows):
            few = slice(begin, begin + rows)
            np.matmul(counts[few], tables, out=wealth[few])
        wealth += self._log_shares
        top: Floats = np.maximum.reduceat(wealth, self._begins, axis=1)
        wealth -= top[:, self._claim_of]
        np.exp(wealth, out=wealth)
        top += np.log(np.add.reduceat(wealth, self._begins, axis=1))
        return top
