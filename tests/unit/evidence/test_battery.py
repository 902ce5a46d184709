from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence.battery import Battery
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Side
from tests.streams import a_claim


@pytest.mark.parametrize("cells", [1, 3, 400])
def test_many_cells_are_weighed_as_one_by_one(cells):
    """Every claim's e-value in every cell is that of its own bets on that account alone."""
    processes = [
        bet_on(a_claim(Contrast.MEAN, limit, side), assumed_noise=0.03)
        for limit, side in ((0.02, Side.BETTER), (0.05, Side.WORSE), (0.3, Side.WORSE))
    ]
    accounts = np.random.default_rng(1).integers(0, 5_000, (cells, 130))
    accounts[:, 20:100] = 0

    together = Battery(processes).log_e_values(accounts)

    alone = [[p.log_e_value(p.log_wealth(account)) for p in processes] for account in accounts]
    assert together == pytest.approx(np.array(alone), rel=1e-12)


def test_cells_that_saw_nothing_prove_nothing():
    """An empty account gives an e-value of 1, to every claim."""
    process = bet_on(a_claim(Contrast.ABSOLUTE_RISE, 0.05, Side.WORSE), assumed_noise=0.03)

    weighed = Battery([process, process]).log_e_values(np.zeros((2, 5), dtype=np.int64))

    assert weighed == pytest.approx(np.zeros((2, 2)), abs=1e-12)
