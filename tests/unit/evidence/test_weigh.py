from __future__ import annotations

import json
import math

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shadowmon.evidence.confseq import interval
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.weigh import Scales
from shadowmon.records import (
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Side,
    SliceName,
    Worse,
)


CORRECT = Metric(
    name=MetricName("correct"), kind=MetricKind.VERDICTS, worse=Worse.LOWER, sentence="right"
)
APART = Metric(name=MetricName("apart"), kind=MetricKind.DIVERGENCE, sentence="apart")
METRICS = {metric.name: metric for metric in (CORRECT, APART)}

BETTER = Claim(
    metric=CORRECT.name,
    slice=SliceName("all"),
    contrast=Contrast.RELATIVE_DROP,
    limit=0.02,
    side=Side.BETTER,
)
RED_LINE = replace(BETTER, limit=0.05, side=Side.WORSE)
FAR_APART = replace(RED_LINE, metric=APART.name, contrast=Contrast.MEAN)


def scales(**changes: Any) -> Scales:
    given: dict[str, Any] = {
        "metrics": METRICS,
        "settings": EvidenceSettings(),
        "claims": [BETTER, RED_LINE, FAR_APART],
        "chained": [RED_LINE, FAR_APART],
    }
    return Scales(**(given | changes))


def test_evidence_carries_all_that_a_person_wants_to_see_beside_it():
    """Figure, interval, rates and counts belong to the account that was weighed."""
    account = (5, 1, 3, 91, 2)

    evidence = scales().weigh({BETTER: account}, {})[0][BETTER]

    assert (evidence.claim, evidence.kind) == (BETTER, MetricKind.VERDICTS)
    assert (evidence.count, evidence.missing, evidence.counts) == (100, 2, account)
    assert (evidence.baseline_rate, evidence.optimized_rate) == (0.94, 0.92)
    assert evidence.estimate == pytest.approx(0.02 / 0.94)
    assert (evidence.lower, evidence.upper) == interval(
        Contrast.RELATIVE_DROP, account, alpha=EvidenceSettings().alpha_interval
    )


def test_a_claim_without_an_account_is_neither_proven_nor_refuted():
    """Nothing counted yet: the e-value is 1, chained or not."""
    evidence, _ = scales().weigh({}, {})

    assert {claim: seen.log_e_value for claim, seen in evidence.items()} == dict.fromkeys(
        [BETTER, RED_LINE, FAR_APART], 0.0
    )
    assert {seen.count for seen in evidence.values()} == {0}
    assert evidence[BETTER].estimate is None


def test_an_unchained_claim_is_weighed_from_its_start():
    """Without a chain the evidence is what recompute says."""
    account = (5, 1, 3, 91, 2)

    evidence, _ = scales().weigh({BETTER: account}, {})

    assert evidence[BETTER].log_e_value == scales().recompute(BETTER, account)


def test_a_chained_claim_notices_a_sudden_loss():
    """After a long good stretch the chain proves a loss that the bets from the start cannot."""
    good, bad = np.array([500, 0, 0, 49_500, 0]), np.array([8, 0, 120, 872, 0])
    weigher = scales()
    evidence, memory = weigher.weigh({}, {})
    account = np.zeros(5, dtype=int)
    for pairs in [good // 100] * 100 + [bad // 8] * 16:
        account = account + pairs
        evidence, memory = weigher.weigh({RED_LINE: tuple(account.tolist())}, memory)

    assert weigher.recompute(RED_LINE, tuple(account.tolist())) < 0
    assert evidence[RED_LINE].log_e_value > math.log(100)


def test_memory_survives_json_exactly():
    """Evidence goes on to the last bit after the memory was written and read as strict JSON."""
    weigher = scales()
    apart = tuple([256 * 40] + [256] * 128 + [3])
    _, memory = weigher.weigh({RED_LINE: (10, 1, 30, 300, 0), FAR_APART: apart}, {})
    more = {RED_LINE: (20, 2, 60, 600, 1), FAR_APART: tuple(2 * count for count in apart)}

    written = json.loads(json.dumps(memory, allow_nan=False))

    assert written == memory
    assert weigher.weigh(more, written) == weigher.weigh(more, memory)


def test_looking_again_changes_nothing():
    """The same accounts and the memory of the last look give the same evidence and memory."""
    weigher = scales()
    account = {RED_LINE: (20, 2, 60, 600, 1)}

    first = weigher.weigh(account, {})

    assert weigher.weigh(account, first[1]) == first


def test_evidence_does_not_depend_on_what_the_scales_weighed_before():
    """Scales keep nothing that matters: new ones go on with the memory of the old ones."""
    one, two = (
        dict.fromkeys([BETTER, RED_LINE], account)
        for account in ((20, 2, 60, 600, 1), (30, 3, 90, 900, 1))
    )
    used = scales()

    memory = used.weigh(one, {})[1]

    assert used.weigh(two, memory) == scales().weigh(two, memory)


def test_accounts_that_shrank_restart_the_chain():
    """A replica whose state was lost takes evidence away and never stops the scales."""
    weigher = scales()
    before, memory = weigher.weigh({RED_LINE: (20, 0, 100, 600, 0)}, {})

    after, memory = weigher.weigh({RED_LINE: (10, 0, 50, 300, 0)}, memory)

    assert after[RED_LINE].log_e_value < before[RED_LINE].log_e_value
    assert [chain["copies"] for chain in memory["chains"].values()] == [4, 1]


def test_the_bets_are_described_so_that_anyone_can_compute_again():
    """The e-value by hand, from the description and the counts alone, is the one that decided."""
    account = (5, 1, 3, 91, 2)
    told = json.loads(json.dumps(scales().describe(BETTER)))

    by_hand = math.fsum(
        share
        * math.prod(
            (1 + bet * gain) ** (count / unit)
            for gain, unit, count in zip(told["gains"], told["units"], account, strict=True)
        )
        for bet, share in zip(told["bets"], told["shares"], strict=True)
    )

    assert math.log(by_hand) == pytest.approx(scales().recompute(BETTER, account), rel=1e-9)


def test_a_description_names_the_places_of_its_account():
    """Every count has a name, and a chained claim says how often it begins again."""
    told = scales().describe(FAR_APART)

    assert len(told["places"]) == len(told["gains"]) == len(told["units"]) == 130
    assert told["restart_pairs"] == 256
    assert scales().describe(BETTER)["restart_pairs"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": {}}, "no such metric, there are: none"),
        ({"chained": [replace(RED_LINE, limit=0.3)]}, "chained, but not among the claims"),
        ({"chained": [BETTER]}, "lucky stretch"),
        ({"claims": [replace(BETTER, contrast=Contrast.MEAN)], "chained": []}, "contrast is mean"),
    ],
)
def test_a_claim_that_cannot_be_weighed_is_refused_at_once(changes, message):
    """Scales that would mislead are not made."""
    with pytest.raises(ValueError, match=message):
        scales(**changes)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({replace(BETTER, limit=0.3): (0,) * 5}, "not weighed here"),
        ({BETTER: (1, 2, 3)}, "an account of 3 places, a verdicts metric has 5"),
    ],
)
def test_an_account_that_fits_no_claim_is_refused(counts, message):
    """An account must belong to a claim, and have its places."""
    with pytest.raises(ValueError, match=message):
        scales().weigh(counts, {})
