from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.evidence.weigh import Scales
from shadowmon.records import Contrast, Side, Worse
from tests.streams import METRIC, SETTINGS, a_claim, distances, log_e_paths, verdicts


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize(
    ("claim", "law", "worse"),
    [
        (
            a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE),
            verdicts(optimized_only=0.02, baseline_only=0.08, both_yes=0.8),
            Worse.LOWER,
        ),
        (a_claim(Contrast.MEAN, 0.05, Side.WORSE), distances(0.06), Worse.HIGHER),
        (
            a_claim(Contrast.ANY_RISE, 0.0, Side.WORSE),
            verdicts(optimized_only=0.02, baseline_only=0.01),
            Worse.HIGHER,
        ),
    ],
    ids=["drop", "mean", "any"],
)
def test_the_walk_is_what_the_product_weighs_after_every_pair(claim, law, worse, chained):
    """The simulations below speak of the product: the same pairs give the same e-values."""
    looks, seed = 700, 5
    metric = replace(law.metric, worse=worse)
    scales = Scales(
        metrics={METRIC: metric},
        settings=SETTINGS,
        claims=[claim],
        chained=[claim] if chained else [],
    )
    drawn = law.draw(np.random.default_rng(seed), (500, 1))[:, 0]
    accounts = law.deposits()[drawn].cumsum(axis=0).astype(int)
    _, memory = scales.weigh({}, {})

    walk = log_e_paths(claim, [(looks, law)], streams=1, chained=chained, seed=seed)

    for account, e_values in zip(accounts[:500], walk, strict=False):
        evidence, memory = scales.weigh({claim: {EVERY_ONE: tuple(account.tolist())}}, memory)
        assert np.log(e_values[0]) == pytest.approx(evidence[claim].log_e_value, abs=1e-8)
