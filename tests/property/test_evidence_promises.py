"""What must never happen to evidence, of every kind of metric."""

from __future__ import annotations

import math

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.evidence import outcomes, replicas
from shadowmon.evidence.eprocess import bet_on
from shadowmon.evidence.ledger import Ledger
from shadowmon.evidence.replicas import Published, merge, pack, total
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.evidence.weigh import Scales
from shadowmon.records import (
    Cell,
    Claim,
    Contrast,
    Counts,
    Metric,
    MetricKind,
    Observation,
    Score,
    Side,
    Worse,
)
from tests.factories import a_pair
from tests.streams import METRIC, SETTINGS, a_claim, a_metric


VERDICTS = a_metric(MetricKind.VERDICTS)
GOOD = replace(VERDICTS, worse=Worse.LOWER)
APART = a_metric(MetricKind.DIVERGENCE)
EXCESS = replace(APART, lower=-10.0, upper=3.7)


def held(contrast: Contrast, limit: float) -> Metric:
    worse = Worse.LOWER if contrast is Contrast.RELATIVE_DROP else Worse.HIGHER
    return a_metric(MetricKind.SCORES, worse=worse, held_to=((contrast, limit), (contrast, 0.9)))


@st.composite
def asked(draw: st.DrawFn, side: Side | None = None) -> tuple[Claim, Metric]:
    """Draw a claim and a metric of any kind that it may be about."""
    contrast = draw(st.sampled_from(Contrast))
    side = side or draw(st.sampled_from(Side))
    if contrast is Contrast.ANY_RISE:
        return a_claim(contrast, 0.0, Side.WORSE), VERDICTS
    limit = draw(st.floats(0.001, 3 if contrast is Contrast.RELATIVE_RISE else 0.8))
    claim = a_claim(contrast, limit, side)
    if contrast is Contrast.MEAN:
        return claim, draw(st.sampled_from([APART, EXCESS]))
    table = GOOD if contrast is Contrast.RELATIVE_DROP else VERDICTS
    return claim, draw(st.sampled_from([table, held(contrast, limit)]))


def seen(metric: Metric) -> st.SearchStrategy[Observation]:
    if metric.kind is MetricKind.DIVERGENCE:
        distances = st.floats(metric.lower, metric.upper)
        return st.builds(Observation, metric=st.just(METRIC), distance=distances)
    figures = st.booleans() if metric.kind is MetricKind.VERDICTS else st.floats(0, 1)
    return st.builds(Observation, metric=st.just(METRIC), baseline=figures, optimized=figures)


def account(metric: Metric, observations: list[Observation]) -> Counts:
    counts = [0] * outcomes.places(metric)
    for observation in observations:
        for place, amount in outcomes.deposit(observation, metric):
            counts[place] += amount
    return tuple(counts)


def log_e(claim: Claim, metric: Metric, observations: list[Observation]) -> float:
    process = bet_on(claim, assumed_noise=0.03, metric=metric)
    part = outcomes.part(metric, claim.contrast, claim.limit, account(metric, observations))
    return float(process.log_e_value(process.log_wealth(part)))


@given(st.data(), asked(Side.WORSE))
def test_a_worse_outcome_never_speaks_less_for_worse(data, about):
    """Whatever else was seen, the worse of two outcomes gives as much evidence of worse or more."""
    claim, metric = about
    rest = data.draw(st.lists(seen(metric), max_size=10))
    one, other = data.draw(seen(metric)), data.draw(seen(metric))
    if metric.kind is MetricKind.DIVERGENCE:
        worse = replace(one, distance=max(one.distance or 0, other.distance or 0))
    else:
        choose = min if metric.worse is Worse.LOWER else max
        worse = replace(one, optimized=choose(one.optimized or 0, other.optimized or 0))

    assert log_e(claim, metric, [*rest, worse]) >= log_e(claim, metric, [*rest, one]) - 1e-9


@given(st.data(), asked())
def test_the_order_of_pairs_does_not_matter(data, about):
    """Bets never change, so the same pairs in any order are the same account and evidence."""
    claim, metric = about
    pairs = data.draw(st.lists(seen(metric), max_size=15))
    shuffled = data.draw(st.permutations(pairs))

    assert account(metric, shuffled) == account(metric, pairs)
    assert log_e(claim, metric, list(shuffled)) == log_e(claim, metric, pairs)


@given(asked(), st.sampled_from([math.nan, math.inf, -math.inf, 5.0, -11.0, 1.0001, -1e-9]))
def test_a_value_outside_its_range_is_always_refused(about, value):
    """Metric and value are named, and nothing is counted."""
    _, metric = about
    if metric.lower <= value <= metric.upper:
        return
    if metric.kind is MetricKind.DIVERGENCE:
        observation = Observation(metric=METRIC, distance=value)
    else:
        observation = Observation(metric=METRIC, baseline=1.0, optimized=value)
    ledger = Ledger({METRIC: metric})

    with pytest.raises(ValueError, match=rf"metric 'metric': \w+ is {value}, allowed is"):
        ledger.record(Score(pair=a_pair(), observations=(observation,)))
    assert ledger.totals() == {}


# --- Replicas --------------------------------------------------------------


@st.composite
def known(draw: st.DrawFn) -> dict[str, Published]:
    """Draw what somebody knows of three incarnations, whose accounts only grow."""
    published = {}
    for incarnation in draw(st.sets(st.sampled_from("abc"))):
        number = draw(st.integers(0, 5))
        ledger = Ledger({METRIC: VERDICTS})
        for turn in range(number):
            ledger.record(
                Score(
                    pair=a_pair(stage=1 + turn % 2),
                    observations=(Observation(metric=METRIC, baseline=True, optimized=turn > 1),),
                )
            )
        published[incarnation] = Published(number=number, accounts=pack(ledger.totals()))
    return published


def numbers(found: Mapping[str, Published]) -> dict[str, int]:
    return {incarnation: published.number for incarnation, published in found.items()}


@given(known(), known(), known())
def test_to_merge_is_associative_commutative_and_idempotent(one, two, three):
    """Who hears of whom first, and how often, changes nothing."""
    left, right = merge(merge(one, two), three), merge(one, merge(two, three))

    assert numbers(left) == numbers(right) == numbers(merge(three, merge(two, one)))
    assert total(left) == total(right) == total(merge(left, two))


@pytest.mark.parametrize("replica_count", [1, 256])
@pytest.mark.parametrize(
    "metric", [VERDICTS, APART, held(Contrast.ABSOLUTE_RISE, 0.05)], ids=lambda each: each.kind
)
def test_any_number_of_replicas_gives_the_evidence_of_one_stream(replica_count, metric):
    """Shuffled, doubled, lost and sent again, one of them restarted: the same integers."""
    generator = np.random.default_rng(3)
    one = Ledger({METRIC: metric})
    ledgers = {f"{number}.0": Ledger({METRIC: metric}) for number in range(replica_count)}
    sent: list[dict[str, Published]] = []
    for turn in range(4_000):
        if turn == 2_000:  # the first replica dies after it published, and comes back as another
            sent.append(publish("0.0", ledgers, number=turn))
            del ledgers["0.0"]
            ledgers["0.1"] = Ledger({METRIC: metric})
        name = str(generator.choice(list(ledgers)))
        score = Score(pair=a_pair(), observations=(drawn(metric, generator),))
        one.record(score)
        ledgers[name].record(score)
        if generator.random() < 0.1:
            sent.append(publish(name, ledgers, number=turn))
    lost = generator.random(len(sent)) < 0.3
    final = [publish(name, ledgers, number=4_000) for name in ledgers]
    died = [each for each in sent if "0.0" in each][-1:]
    arrived = [each for each, gone in zip(sent, lost, strict=True) if not gone] * 2 + final + died

    found: dict[str, Published] = {}
    for number in generator.permutation(len(arrived)):
        found = merge(found, arrived[number])

    assert total(found) == one.totals()
    assert weighed(metric, total(found)) == pytest.approx(weighed(metric, one.totals()), abs=1e-9)


def publish(name: str, ledgers: dict[str, Ledger], *, number: int) -> dict[str, Published]:
    return {name: Published(number=number, accounts=pack(ledgers[name].totals()))}


def drawn(metric: Metric, generator: np.random.Generator) -> Observation:
    if metric.kind is MetricKind.DIVERGENCE:
        return Observation(metric=METRIC, distance=float(generator.beta(1, 20)))
    if metric.kind is MetricKind.SCORES:
        baseline, optimized = generator.random(2).tolist()
        return Observation(metric=METRIC, baseline=baseline, optimized=optimized)
    baseline, optimized = (generator.random(2) < 0.1).tolist()
    return Observation(metric=METRIC, baseline=baseline, optimized=optimized)


def weighed(metric: Metric, accounts: Mapping[Cell, Counts]) -> float:
    contrast = Contrast.MEAN if metric is APART else Contrast.ABSOLUTE_RISE
    claim = a_claim(contrast, 0.05, Side.WORSE)
    scales = Scales(metrics={METRIC: metric}, settings=SETTINGS, claims=[claim], chained=[claim])
    (counts,) = accounts.values()
    return scales.weigh({claim: {EVERY_ONE: counts}}, {})[0][claim].log_e_value


def test_accounts_that_do_not_fit_do_not_add():
    """Replicas of different versions that count a cell differently are refused."""
    ledgers = [Ledger({METRIC: metric}) for metric in (VERDICTS, APART)]
    observations = [
        Observation(metric=METRIC, baseline=True, optimized=True),
        Observation(metric=METRIC, distance=0.5),
    ]
    for ledger, observation in zip(ledgers, observations, strict=True):
        ledger.record(Score(pair=a_pair(), observations=(observation,)))

    with pytest.raises(ValueError, match="accounts of 5 and 130 places do not add"):
        replicas.add_up(pack(ledger.totals()) for ledger in ledgers)
