from __future__ import annotations

import itertools
import json
import math

import numpy as np

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.evidence import outcomes
from shadowmon.evidence.chains import from_json, to_json
from shadowmon.evidence.confseq import interval
from shadowmon.evidence.eprocess import bet_on
from shadowmon.evidence.gains import gains, kind_of
from shadowmon.evidence.ledger import Ledger, merge
from shadowmon.evidence.restart import advance
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Claim,
    Contrast,
    Counts,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Scope,
    Score,
    Side,
    SliceName,
)
from tests.factories import a_pair
from tests.streams import METRIC, a_claim, a_metric


VERDICTS = Metric(name=MetricName("error"), kind=MetricKind.VERDICTS, sentence="failed")
DISTANCE = Metric(
    name=MetricName("apart"), kind=MetricKind.DIVERGENCE, scope=Scope.STAGE, sentence="apart"
)
METRICS = {metric.name: metric for metric in (VERDICTS, DISTANCE)}

fine_distances = st.integers(0, 2**15).map(lambda step: step / 2**15)
"""Distances that are not rounded by the deposit."""


def verdict_pairs(metric: MetricName) -> st.SearchStrategy[Observation]:
    return st.builds(
        Observation, metric=st.just(metric), baseline=st.booleans(), optimized=st.booleans()
    )


def distance_pairs(metric: MetricName) -> st.SearchStrategy[Observation]:
    return st.builds(Observation, metric=st.just(metric), distance=fine_distances)


def missing_pairs(metric: MetricName) -> st.SearchStrategy[Observation]:
    return st.builds(Observation, metric=st.just(metric), missing=st.just("timeout"))


@st.composite
def scores(draw: st.DrawFn) -> Score:
    observations = [
        draw(verdict_pairs(VERDICTS.name) | missing_pairs(VERDICTS.name)),
        draw(distance_pairs(DISTANCE.name) | missing_pairs(DISTANCE.name)),
    ]
    slices = {EVERYTHING} | draw(st.sets(st.sampled_from([SliceName("a"), SliceName("b")])))
    pair = a_pair(slices=frozenset(slices), stage=draw(st.integers(1, 2)))
    return Score(pair=pair, observations=tuple(observations))


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    contrast = draw(st.sampled_from(Contrast))
    if contrast is Contrast.ANY_RISE:
        return a_claim(contrast, 0.0, Side.WORSE)
    limit = draw(st.floats(0.001, 5 if contrast is Contrast.RELATIVE_RISE else 0.9))
    return a_claim(contrast, limit, draw(st.sampled_from(Side)))


@st.composite
def accounts(draw: st.DrawFn, contrast: Contrast, most: int = 10**7) -> Counts:
    pairs = st.integers(0, most)
    if kind_of(contrast) is MetricKind.VERDICTS:
        return tuple(draw(st.tuples(*[pairs] * 5)))
    counts = [0] * outcomes.places(a_metric(MetricKind.DIVERGENCE))
    for distance, times in draw(st.lists(st.tuples(fine_distances, pairs), max_size=6)):
        observation = Observation(metric=METRIC, distance=distance)
        for place, amount in outcomes.deposit(observation, a_metric(MetricKind.DIVERGENCE)):
            counts[place] += amount * times
    counts[-1] = draw(pairs)
    return tuple(counts)


def account_of(pairs: list[Observation], metric: Metric) -> Counts:
    counts = [0] * outcomes.places(metric)
    for pair in pairs:
        for place, amount in outcomes.deposit(pair, metric):
            counts[place] += amount
    return tuple(counts)


def won_by(pair: Observation, claim: Claim) -> float:
    """Return what one unit wins on a pair, from the definitions of the contrasts alone."""
    if pair.missing:
        return 0.0 if claim.contrast is Contrast.ANY_RISE else _most_lost(claim)
    limit = claim.limit
    baseline, optimized = bool(pair.baseline), bool(pair.optimized)
    won = {
        Contrast.MEAN: (pair.distance or 0.0) - limit,
        Contrast.RELATIVE_DROP: (1 - limit) * baseline - optimized,
        Contrast.ABSOLUTE_RISE: optimized - baseline - limit,
        Contrast.RELATIVE_RISE: optimized - (1 + limit) * baseline,
        Contrast.ANY_RISE: optimized - baseline,
    }[claim.contrast]
    return won if claim.side is Side.WORSE else -won


def _most_lost(claim: Claim) -> float:
    if claim.contrast is Contrast.MEAN:
        ends = [Observation(metric=METRIC, distance=end) for end in (0.0, 1.0)]
    else:
        ends = [
            Observation(metric=METRIC, baseline=baseline, optimized=optimized)
            for baseline, optimized in itertools.product((False, True), repeat=2)
        ]
    return min(won_by(pair, claim) for pair in ends)


@given(st.data())
def test_any_split_among_replicas_in_any_order_is_one_stream(data):
    """Accounts of scores dealt to three replicas add up to the account of one, bit for bit."""
    all_scores = data.draw(st.lists(scores(), max_size=12))
    dealt = data.draw(
        st.lists(st.integers(0, 2), min_size=len(all_scores), max_size=len(all_scores))
    )
    one, many = Ledger(METRICS), [Ledger(METRICS) for _ in range(3)]
    for score in all_scores:
        one.record(score)
    for score, replica in data.draw(st.permutations(list(zip(all_scores, dealt, strict=True)))):
        many[replica].record(score)

    assert merge(ledger.totals() for ledger in many) == one.totals()


@given(st.data())
def test_published_changes_are_the_totals(data):
    """Whenever changes are taken, overwriting the published totals with them leaves none behind."""
    ledger = Ledger(METRICS)
    published: dict[Cell, Counts] = {}
    for score in data.draw(st.lists(scores(), max_size=12)):
        ledger.record(score)
        if data.draw(st.booleans()):
            published |= ledger.take_changed()

    assert published | ledger.take_changed() == ledger.totals()


@given(st.data(), claims())
def test_the_account_gives_the_product_over_pairs(data, claim):
    """For verdicts the e-value from counts is the mixture of plain products, pair by pair."""
    if claim.contrast is Contrast.MEAN:
        claim = a_claim(Contrast.ABSOLUTE_RISE, 0.1, claim.side)
    pairs = data.draw(st.lists(verdict_pairs(METRIC) | missing_pairs(METRIC), max_size=30))
    process = bet_on(claim, assumed_noise=0.03)

    slow = math.fsum(
        share * math.prod(1 + bet * won_by(pair, claim) for pair in pairs)
        for bet, share in zip(process.bets.sizes, process.bets.shares, strict=True)
    )

    fast = process.log_e_value(process.log_wealth(account_of(pairs, a_metric(MetricKind.VERDICTS))))
    assert math.isclose(fast, math.log(slow), rel_tol=1e-9, abs_tol=1e-9)


@given(
    st.lists(distance_pairs(METRIC) | missing_pairs(METRIC), max_size=30),
    st.floats(0.001, 0.99),
    st.sampled_from(Side),
)
def test_knots_never_win_more_than_the_distances_themselves(pairs, limit, side):
    """Splitting distances between knots costs evidence, little of it, and never adds any."""
    claim = a_claim(Contrast.MEAN, limit, side)
    process = bet_on(claim, assumed_noise=0.03)

    exact = math.fsum(
        share * math.prod(1 + bet * won_by(pair, claim) for pair in pairs)
        for bet, share in zip(process.bets.sizes, process.bets.shares, strict=True)
    )

    knots = process.log_e_value(
        process.log_wealth(account_of(pairs, a_metric(MetricKind.DIVERGENCE)))
    )
    assert knots <= math.log(exact) + 1e-9


@given(st.data(), claims())
def test_a_missing_pair_never_helps_a_claim(data, claim):
    """One more missing pair leaves the e-value as it is or makes it smaller."""
    counts = data.draw(accounts(claim.contrast))
    process = bet_on(claim, assumed_noise=0.03)

    before, after = (
        process.log_e_value(process.log_wealth(account))
        for account in (counts, (*counts[:-1], counts[-1] + 1))
    )

    assert after <= before + 1e-9 * abs(before)


@given(claims())
def test_no_place_is_counted_in_favour_of_both_sides(claim):
    """What speaks for a claim speaks against its opposite, and a missing pair against both."""
    opposite = Side.BETTER if claim.side is Side.WORSE else Side.WORSE
    ours = gains(claim.contrast, claim.limit, claim.side)
    theirs = gains(claim.contrast, claim.limit, opposite)

    assert (np.minimum(ours, theirs) <= 0).all()


@given(st.data(), st.sampled_from([contrast for contrast in Contrast if contrast != "any_rise"]))
def test_an_interval_holds_its_estimate_and_missing_pairs_widen_it(data, contrast):
    """The measured figure lies within, and more missing pairs never narrow either side."""
    counts = data.draw(accounts(contrast))
    metric = a_metric(kind_of(contrast))
    figure = outcomes.estimate(metric, contrast, counts)
    ends = interval(metric, contrast, {EVERY_ONE: counts}, alpha=0.05)
    if figure is None:
        assert ends == (None, None)
        return
    more_missing = (*counts[:-1], 2 * counts[-1] + 1)
    wider = interval(metric, contrast, {EVERY_ONE: more_missing}, alpha=0.05)

    lower, lowest = (-math.inf if end is None else end for end in (ends[0], wider[0]))
    upper, uppermost = (math.inf if end is None else end for end in (ends[1], wider[1]))
    slack = 1e-6 * (1 + abs(figure))
    assert lowest - slack <= lower <= figure + slack
    assert figure - slack <= upper <= uppermost + slack


@given(st.data(), claims(), st.integers(16, 400))
def test_a_chain_gives_no_share_out_twice_whatever_happens(data, claim, restart_pairs):
    """Over growth, loss of pairs and JSON round trips numbering only rises, and all is finite."""
    process, metric = bet_on(claim, assumed_noise=0.03), a_metric(kind_of(claim.contrast))
    chain = None
    for counts in data.draw(st.lists(accounts(claim.contrast, most=1000), max_size=6)):
        pairs = outcomes.pairs(metric, counts) + outcomes.missing(metric, counts)
        after = advance(chain, process, counts, pairs=pairs, restart_pairs=restart_pairs)
        assert from_json(json.loads(json.dumps(to_json(after), allow_nan=False))) == after
        assert advance(after, process, counts, pairs=pairs, restart_pairs=restart_pairs) == after
        if chain is not None:
            assert 0 <= after.copies - chain.copies <= 1
        chain = after
