from __future__ import annotations

import math

import pytest

from shadowmon.evidence.needed import pairs_still_needed
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.weigh import Scales
from shadowmon.records import (
    Claim,
    Contrast,
    Counts,
    Evidence,
    Metric,
    MetricKind,
    Side,
    Worse,
)
from tests.streams import METRIC, a_claim


CLAIM = a_claim(Contrast.ABSOLUTE_RISE, 0.01, Side.BETTER)
GOAL = -math.log(0.05)


def weighed(counts: Counts, claim: Claim = CLAIM) -> Evidence:
    metric = Metric(name=METRIC, kind=MetricKind.VERDICTS, worse=Worse.HIGHER, sentence="failed")
    scales = Scales(
        metrics={METRIC: metric}, settings=EvidenceSettings(), claims=[claim], chained=[]
    )
    return scales.weigh({claim: {EVERY_ONE: counts}}, {})[0][claim]


def test_a_proven_claim_needs_no_more():
    """Nothing is needed once the need is reached."""
    assert pairs_still_needed(weighed((5000, 0, 0, 0, 0)), GOAL) == 0


def test_the_forecast_is_where_the_same_pairs_again_prove_it():
    """Scaled up to the forecast the account proves the claim, and a little short of it does not."""
    evidence = weighed((970, 15, 15, 0, 0))

    more = pairs_still_needed(evidence, GOAL)

    assert more is not None
    for pairs, proven in ((1000 + more + 100, True), (1000 + more - 100, False)):
        scaled = tuple(round(count * pairs / 1000) for count in evidence.counts)
        assert (weighed(scaled).log_e_value >= GOAL) is proven


@pytest.mark.parametrize(
    "counts", [(0, 0, 0, 0, 0), (960, 30, 10, 0, 0), (960, 20, 20, 0, 40)], ids=str
)
def test_what_is_not_in_sight_has_no_forecast(counts):
    """No pair yet, a figure beyond the limit, or too many missing: there is no number to give."""
    assert pairs_still_needed(weighed(counts), GOAL) is None


def test_a_higher_need_needs_more():
    """The forecast grows with what is asked for."""
    evidence = weighed((970, 15, 15, 0, 0))

    one, two = (pairs_still_needed(evidence, need) for need in (GOAL, 2 * GOAL))

    assert one is not None
    assert two is not None
    assert two > one > 0
