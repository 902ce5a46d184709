from __future__ import annotations

import json
import math

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shadowmon.evidence import outcomes
from shadowmon.evidence.confseq import interval
from shadowmon.evidence.sampling import EVERY_ONE, Accounts
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.weigh import Memory, Scales
from shadowmon.records import (
    Claim,
    Contrast,
    Counts,
    Metric,
    MetricKind,
    MetricName,
    Observation,
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


def at_all(counts: Mapping[Claim, Counts]) -> dict[Claim, Accounts]:
    return {claim: {EVERY_ONE: account} for claim, account in counts.items()}


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

    evidence = scales().weigh(at_all({BETTER: account}), {})[0][BETTER]

    assert (evidence.claim, evidence.kind) == (BETTER, MetricKind.VERDICTS)
    assert (evidence.count, evidence.missing, evidence.counts) == (100, 2, account)
    assert (evidence.baseline_rate, evidence.optimized_rate) == (0.94, 0.92)
    assert evidence.estimate == pytest.approx(0.02 / 0.94)
    assert (evidence.lower, evidence.upper) == interval(
        CORRECT,
        Contrast.RELATIVE_DROP,
        {EVERY_ONE: account},
        alpha=EvidenceSettings().alpha_interval,
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

    evidence, _ = scales().weigh(at_all({BETTER: account}), {})

    assert evidence[BETTER].log_e_value == scales().recompute(BETTER, account)


def test_a_chained_claim_notices_a_sudden_loss():
    """After a long good stretch the chain proves a loss that the bets from the start cannot."""
    good, bad = np.array([500, 0, 0, 49_500, 0]), np.array([8, 0, 120, 872, 0])
    weigher = scales()
    evidence, memory = weigher.weigh({}, {})
    account = np.zeros(5, dtype=int)
    for pairs in [good // 100] * 100 + [bad // 8] * 16:
        account = account + pairs
        evidence, memory = weigher.weigh(at_all({RED_LINE: tuple(account.tolist())}), memory)

    assert weigher.recompute(RED_LINE, tuple(account.tolist())) < 0
    assert evidence[RED_LINE].log_e_value > math.log(100)


def test_what_came_since_the_look_before_is_weighed_as_pairs_were_known_to_go_together_then():
    """A ratio that the newest pairs had a part in does not make their own fresh bets smaller."""
    few, more = at_all({RED_LINE: (20, 2, 60, 600, 1)}), at_all({RED_LINE: (20, 2, 160, 600, 1)})
    independent, together = {CORRECT.name: 1.0}, {CORRECT.name: 4.0}
    weigher = scales()
    _, memory = weigher.weigh(few, {}, variance_ratios=independent)

    chains = [
        weigher.weigh(more, memory, variance_ratios=now, ratios_before=before)[1]["chains"]
        for now, before in (
            (independent, independent),
            (together, independent),
            (together, together),
        )
    ]

    assert chains[0] == chains[1] != chains[2]


def test_memory_survives_json_exactly():
    """Evidence goes on to the last bit after the memory was written and read as strict JSON."""
    weigher = scales()
    apart = tuple([256 * 40] + [256] * 128 + [3])
    _, memory = weigher.weigh(at_all({RED_LINE: (10, 1, 30, 300, 0), FAR_APART: apart}), {})
    more = at_all({RED_LINE: (20, 2, 60, 600, 1), FAR_APART: tuple(2 * n for n in apart)})

    written = json.loads(json.dumps(memory, allow_nan=False))

    assert written == memory
    assert weigher.weigh(more, written) == weigher.weigh(more, memory)


def test_looking_again_changes_nothing():
    """The same accounts and the memory of the last look give the same evidence and memory."""
    weigher = scales()
    account = at_all({RED_LINE: (20, 2, 60, 600, 1)})

    first = weigher.weigh(account, {})

    assert weigher.weigh(account, first[1]) == first


def test_only_what_has_news_is_weighed_again():
    """A quiet claim costs nothing; more pairs, or pairs that go together more, are news."""
    weigher = scales()
    quiet, grown = (20, 2, 60, 600, 1), (21, 2, 60, 600, 1)
    _, memory = weigher.weigh(at_all({BETTER: quiet, RED_LINE: quiet}), {})
    last, memory = weigher.weigh(at_all({BETTER: quiet, RED_LINE: quiet}), memory)

    found, memory = weigher.weigh(at_all({BETTER: grown, RED_LINE: quiet}), memory)
    tempered, _ = weigher.weigh(
        at_all({BETTER: grown, RED_LINE: quiet}), memory, variance_ratios={CORRECT.name: 2.0}
    )

    assert found[RED_LINE] is last[RED_LINE]
    assert found[BETTER].count == last[BETTER].count + 1
    assert abs(tempered[RED_LINE].log_e_value) < abs(found[RED_LINE].log_e_value)


def test_evidence_does_not_depend_on_what_the_scales_weighed_before():
    """Scales keep nothing that matters: new ones go on with the memory of the old ones."""
    one, two = (
        at_all(dict.fromkeys([BETTER, RED_LINE], account))
        for account in ((20, 2, 60, 600, 1), (30, 3, 90, 900, 1))
    )
    used = scales()

    memory = used.weigh(one, {})[1]

    assert used.weigh(two, memory) == scales().weigh(two, memory)


def test_accounts_that_shrank_restart_the_chain():
    """A replica whose state was lost takes evidence away and never stops the scales."""
    weigher = scales()
    before, memory = weigher.weigh(at_all({RED_LINE: (20, 0, 100, 600, 0)}), {})

    after, memory = weigher.weigh(at_all({RED_LINE: (10, 0, 50, 300, 0)}), memory)

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
        scales().weigh(at_all(counts), {})


JUDGED = Metric(
    name=MetricName("judged"),
    kind=MetricKind.SCORES,
    worse=Worse.LOWER,
    held_to=((Contrast.RELATIVE_DROP, 0.02), (Contrast.RELATIVE_DROP, 0.05)),
    sentence="a judge's mark",
)


def judged(*pairs: tuple[float, float]) -> Counts:
    counts = [0] * outcomes.places(JUDGED)
    for baseline, optimized in pairs:
        seen = Observation(metric=JUDGED.name, baseline=baseline, optimized=optimized)
        for place, amount in outcomes.deposit(seen, JUDGED):
            counts[place] += amount
    return tuple(counts)


def test_a_claim_on_scores_is_weighed_on_its_own_histogram():
    """Each limit has its own evidence; rates, figure and interval are the metric's."""
    claims = [replace(each, metric=JUDGED.name) for each in (BETTER, RED_LINE)]
    weigher = scales(metrics={JUDGED.name: JUDGED}, claims=claims, chained=claims[1:])
    account = judged(*[(0.8, 0.6)] * 60, *[(0.9, 0.9)] * 40)

    evidence, _ = weigher.weigh(at_all(dict.fromkeys(claims, account)), {})

    better, red_line = (evidence[claim] for claim in claims)
    assert (better.count, better.missing) == (100, 0)
    assert better.baseline_rate == pytest.approx(0.84, abs=1e-4)
    assert better.estimate == red_line.estimate == pytest.approx(1 / 7, abs=1e-4)
    assert better.log_e_value < 0 < math.log(100) < red_line.log_e_value
    assert len(better.counts) == len(weigher.describe(claims[0])["gains"]) == 130
    assert None not in (better.lower, better.upper)
    assert better.lower < 1 / 7 < better.upper  # type: ignore[operator]


def test_accounts_of_several_rates_are_weighed_together():
    """What is seldom sampled counts for more, in the figure and in its interval."""
    weigher = scales(rates=[10_000, 1_000])
    good, bad = (100, 0, 0, 900, 0), (10, 0, 30, 60, 0)

    evidence, memory = weigher.weigh({RED_LINE: {10_000: good, 1_000: bad}}, {})

    seen = evidence[RED_LINE]
    assert seen.estimate == pytest.approx(300 / (900 + 900))
    assert (seen.count, seen.counts) == (1100, (*good, *bad))
    assert 0.05 < seen.lower < 1 / 6 < seen.upper  # type: ignore[operator]
    assert weigher.weigh({RED_LINE: {10_000: good, 1_000: bad}}, memory) == (evidence, memory)


def test_the_bets_on_sampled_traffic_can_be_computed_by_hand_too():
    """The description covers the accounts of all rates, in the order of the evidence's counts."""
    weigher = scales(rates=[10_000, 1_000])
    evidence, _ = weigher.weigh({BETTER: {1_000: (10, 1, 3, 60, 1), 10_000: (5, 1, 3, 91, 2)}}, {})
    told = weigher.describe(BETTER)

    by_hand = math.fsum(
        share
        * math.prod(
            (1 + bet * gain) ** (count / unit)
            for gain, unit, count in zip(
                told["gains"], told["units"], evidence[BETTER].counts, strict=True
            )
        )
        for bet, share in zip(told["bets"], told["shares"], strict=True)
    )

    assert math.log(by_hand) == pytest.approx(evidence[BETTER].log_e_value, rel=1e-9)
    assert told["places"][:2] == ["both no at 10000 bp", "optimized only at 10000 bp"]


def test_a_rate_that_was_not_foreseen_is_refused():
    """Bets were not laid for it: a lower rate could ruin them."""
    with pytest.raises(ValueError, match="sampled at 500 basis points, foreseen are"):
        scales().weigh({BETTER: {500: (0,) * 5}}, {})


def test_a_chained_claim_calls_a_person_before_it_takes_weight_away():
    """The alarm of a sudden loss is raised while its evidence is not yet enough, and not before."""
    good, bad = np.array([50, 0, 0, 4_950, 0]), np.array([0, 0, 5, 45, 0])
    weigher = scales()
    account, memory = np.zeros(5, dtype=int), weigher.weigh({}, {})[1]
    raised: list[bool] = []
    proven: list[bool] = []
    for pairs in [good] * 10 + [bad] * 40:
        account = account + pairs
        evidence, memory = weigher.weigh(at_all({RED_LINE: tuple(account.tolist())}), memory)
        raised.append(weigher.alarms(memory)[RED_LINE].raised)
        proven.append(evidence[RED_LINE].log_e_value >= math.log(100))

    assert not any(raised[:10])
    assert raised.index(True) < proven.index(True)


def test_there_is_no_alarm_without_memory_nor_of_a_claim_that_is_not_chained():
    """Alarms are read off what the last look remembered."""
    weigher = scales()
    _, memory = weigher.weigh({}, {})

    assert weigher.alarms({}) == {}
    assert set(weigher.alarms(memory)) == {RED_LINE, FAR_APART}


def grid() -> tuple[dict[str, Any], list[Claim]]:
    """Return scales' arguments for three kinds of metrics in twenty slices, and their claims."""
    metrics = {metric.name: metric for metric in (CORRECT, APART, JUDGED)}
    asked = [
        BETTER,
        RED_LINE,
        FAR_APART,
        *(replace(c, metric=JUDGED.name) for c in (BETTER, RED_LINE)),
    ]
    claims = [
        replace(claim, slice=SliceName(f"s{number}")) for number in range(20) for claim in asked
    ]
    chained = [claim for claim in claims if claim.side is Side.WORSE]
    return {"metrics": metrics, "claims": claims, "chained": chained}, claims


def growing(claims: list[Claim], looks: int) -> list[dict[Claim, Accounts]]:
    """Return the accounts at each look: in every slice other ones, and only some grow each time."""
    generator = np.random.default_rng(11)
    metrics = {metric.name: metric for metric in (CORRECT, APART, JUDGED)}
    so_far: dict[tuple[MetricName, SliceName], Any] = {}
    found: list[dict[Claim, Accounts]] = []
    for _ in range(looks):
        for cell in {(claim.metric, claim.slice): None for claim in claims}:
            places = outcomes.places(metrics[cell[0]])
            more = generator.integers(0, 40, places) * (generator.random(places) < 0.5)
            before = so_far.get(cell, 0)
            so_far[cell] = before + more * bool(generator.random() < 0.6)
        found.append(
            {
                claim: {EVERY_ONE: tuple(so_far[claim.metric, claim.slice].tolist())}
                for claim in claims
            }
        )
    return found


def test_evidence_does_not_depend_on_what_else_is_weighed():
    """Chained or not, to the last bit: alone a claim has what it has among a hundred."""
    given, claims = grid()
    together = scales(**given)
    memory: Memory = {}
    alone = {
        claim: scales(**given | {"claims": [claim], "chained": {claim} & {*given["chained"]}})
        for claim in claims[:15]
    }
    memories: dict[Claim, Memory] = {claim: {} for claim in alone}

    for accounts in growing(claims, 6):
        evidence, memory = together.weigh(accounts, memory)
        for claim, weigher in alone.items():
            seen, memories[claim] = weigher.weigh({claim: accounts[claim]}, memories[claim])
            assert seen[claim] == evidence[claim]


def test_what_is_computed_again_has_the_same_bits():
    """`recompute`, of one claim's counts alone, is the very figure of the look at all of them."""
    given, claims = grid()
    (accounts,) = growing(claims, 1)
    weigher = scales(**given)

    evidence, _ = weigher.weigh(accounts, {}, variance_ratios={CORRECT.name: 1.7})

    for claim, seen in evidence.items():
        power = 1 / 1.7 if claim.metric == CORRECT.name else 1.0
        if any(seen.counts):
            assert seen.log_e_from_start == weigher.recompute(claim, seen.counts, power)


def test_an_interval_is_remembered_and_not_drawn_at_every_look():
    """It stays as it is while its account hardly grows; the evidence does not."""
    weigher = scales()
    before, memory = weigher.weigh(at_all({RED_LINE: (200, 20, 60, 6000, 1)}), {})
    little, memory = weigher.weigh(at_all({RED_LINE: (200, 20, 61, 6000, 1)}), memory)
    much, _ = weigher.weigh(at_all({RED_LINE: (300, 20, 61, 6000, 1)}), memory)

    ends = [(seen[RED_LINE].lower, seen[RED_LINE].upper) for seen in (before, little, much)]
    assert ends[0] == ends[1] != ends[2]
    assert before[RED_LINE].log_e_value != little[RED_LINE].log_e_value


def test_a_metric_may_have_rates_of_its_own():
    """A judge's is bet on at the products of both draws, all others at the pairs' rates."""
    weigher = scales(rates=[10_000, 1_000], rates_of_metric={APART.name: [500, 50]})
    account = (*[256] * 129, 0)

    evidence, _ = weigher.weigh({FAR_APART: {50: account}, BETTER: {1_000: (9, 1, 1, 89, 0)}}, {})

    assert evidence[FAR_APART].counts == ((0,) * 130) + account
    assert evidence[BETTER].counts == (0,) * 5 + (9, 1, 1, 89, 0)
    assert weigher.describe(FAR_APART)["places"][0] == "0 at 500 bp"
    with pytest.raises(ValueError, match="sampled at 1000 basis points, foreseen are"):
        weigher.weigh({FAR_APART: {1_000: account}}, {})
