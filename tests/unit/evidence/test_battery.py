from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence import outcomes, sampling
from shadowmon.evidence.battery import Battery
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, MetricKind, Side, Worse
from tests.streams import a_claim, a_metric


LIMITS = ((0.02, Side.BETTER), (0.05, Side.WORSE), (0.3, Side.WORSE), (0.05, Side.BETTER))
METRICS = {
    Contrast.MEAN: a_metric(MetricKind.DIVERGENCE),
    Contrast.ABSOLUTE_RISE: a_metric(MetricKind.VERDICTS),
    Contrast.RELATIVE_DROP: a_metric(
        MetricKind.SCORES,
        worse=Worse.LOWER,
        held_to=tuple((Contrast.RELATIVE_DROP, limit) for limit in (0.02, 0.05, 0.3)),
    ),
}


@pytest.mark.parametrize("cells", [1, 3, 400])
@pytest.mark.parametrize("rates", [(10_000,), (10_000, 500)])
@pytest.mark.parametrize("contrast", METRICS)
@pytest.mark.parametrize("most", [5_000, 10**9])
def test_many_cells_are_weighed_as_one_by_one(cells, rates, contrast, most):
    """Every claim's e-value in every cell is, to the last bit, that of its own bets alone."""
    metric = METRICS[contrast]
    claims = [a_claim(contrast, limit, side) for limit, side in LIMITS]
    bets = [
        (claim, bet_on(claim, assumed_noise=0.03, metric=metric, rates=rates)) for claim in claims
    ]
    places = outcomes.places(metric)
    accounts = np.random.default_rng(1).integers(0, most, (cells, len(rates), places))
    accounts[:, :, 20:100] = 0

    battery = Battery(metric, bets, rates=len(rates))
    together = battery.log_e_values(accounts.reshape(cells, -1), 0.7).T

    for weighed, by_rate in zip(together[:20].tolist(), accounts.tolist(), strict=False):
        for log_e, (claim, process) in zip(weighed, bets, strict=True):
            parts = {
                rate: outcomes.part(metric, contrast, claim.limit, tuple(account))
                for rate, account in zip(rates, by_rate, strict=True)
            }
            row = sampling.one_after_the_other(parts, rates, places=len(parts[10_000]))
            assert log_e == process.log_e_value(process.log_wealth(row) * 0.7)


def test_cells_that_saw_nothing_prove_nothing():
    """An empty account gives an e-value of 1, to every claim."""
    claim = a_claim(Contrast.ABSOLUTE_RISE, 0.05, Side.WORSE)
    bets = [(claim, bet_on(claim, assumed_noise=0.03))] * 2
    battery = Battery(a_metric(MetricKind.VERDICTS), bets)

    weighed = battery.log_e_values(np.zeros((2, 5), dtype=np.int64))

    assert weighed == pytest.approx(np.zeros((2, 2)), abs=1e-12)


def test_cells_may_be_picked_out_of_many():
    """What is weighed of some cells is what is weighed of them among all."""
    claim = a_claim(Contrast.ABSOLUTE_RISE, 0.05, Side.WORSE)
    battery = Battery(a_metric(MetricKind.VERDICTS), [(claim, bet_on(claim, assumed_noise=0.03))])
    accounts = np.random.default_rng(1).integers(0, 1_000, (9, 5))
    which = np.array([0, 4, 8])

    picked = battery.log_e_values(accounts, which=which)

    assert (picked == battery.log_e_values(accounts)[:, which]).all()
