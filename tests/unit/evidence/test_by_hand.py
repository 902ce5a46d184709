"""The slow twin computes the same e-values from what was written down, and sees foul bets."""

from __future__ import annotations

import ast
import copy
import json
import math

from pathlib import Path

import msgspec
import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowmon.evidence import by_hand
from shadowmon.evidence.by_hand import agree, average, compute, is_receipt, objections
from shadowmon.evidence.multiplicity import average as fast_average
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.weigh import Scales
from shadowmon.records import Claim, Contrast, Metric, MetricKind, MetricName, Side, Worse
from tests.streams import a_claim


GOOD = Metric(
    name=MetricName("metric"), kind=MetricKind.VERDICTS, worse=Worse.LOWER, sentence="right"
)
BAD = Metric(name=MetricName("metric"), kind=MetricKind.VERDICTS, sentence="failed")
APART = Metric(name=MetricName("metric"), kind=MetricKind.DIVERGENCE, sentence="apart")
SCORED = Metric(
    name=MetricName("metric"),
    kind=MetricKind.SCORES,
    worse=Worse.LOWER,
    held_to=((Contrast.RELATIVE_DROP, 0.05), (Contrast.RELATIVE_DROP, 0.1)),
    sentence="F1",
)

QUESTIONS = [
    (GOOD, Contrast.RELATIVE_DROP, 0.05),
    (BAD, Contrast.ABSOLUTE_RISE, 0.01),
    (BAD, Contrast.RELATIVE_RISE, 0.1),
    (BAD, Contrast.ANY_RISE, 0.0),
    (APART, Contrast.MEAN, 0.02),
    (SCORED, Contrast.RELATIVE_DROP, 0.1),
]
CLAIMS = [
    (metric, a_claim(contrast, limit, side))
    for metric, contrast, limit in QUESTIONS
    for side in Side
    if (contrast, side) != (Contrast.ANY_RISE, Side.BETTER)
]


def weighed(metric: Metric, claim: Claim, *accounts, rates=(10_000,)):
    """Weigh growing accounts one after the other; return the last evidence and its receipt."""
    chained = [claim] if claim.side is Side.WORSE else []
    scales = Scales(
        metrics={metric.name: metric},
        settings=EvidenceSettings(),
        claims=[claim],
        chained=chained,
        rates=rates,
    )
    evidence, memory = scales.weigh({}, {})
    for account in accounts:
        evidence, memory = scales.weigh({claim: account}, memory)
    told = scales.receipt(claim, evidence[claim].counts, memory)
    return evidence[claim], json.loads(json.dumps(told))


def places(metric: Metric) -> int:
    return {MetricKind.VERDICTS: 5, MetricKind.DIVERGENCE: 130, MetricKind.SCORES: 261}[metric.kind]


@st.composite
def growing(draw: st.DrawFn, size: int):
    """One to four accounts, each of them at least the one before."""
    total, accounts = [0] * size, []
    for _ in range(draw(st.integers(1, 4))):
        for place in draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=6)):
            total[place] += draw(st.integers(0, 10**6)) * 256
        accounts.append({10_000: tuple(total)})
    return accounts


@pytest.mark.parametrize(("metric", "claim"), CLAIMS)
@settings(max_examples=15)
@given(data=st.data())
def test_the_twins_agree(metric, claim, data):
    """Whatever was counted, the slow twin finds the e-value that the verdict was given on."""
    evidence, told = weighed(metric, claim, *data.draw(growing(places(metric))))

    assert agree(compute(told).log_e_value, evidence.log_e_value)
    assert list(objections(msgspec.to_builtins(claim), evidence.counts, told)) == []


def test_several_sampling_rates():
    """What was sampled at two rates is computed again from one receipt."""
    claim = a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE)
    accounts = {10_000: (10, 3, 30, 400, 1), 1_000: (1, 0, 4, 40, 0)}

    evidence, told = weighed(GOOD, claim, accounts, rates=(10_000, 1_000))

    assert agree(compute(told).log_e_value, evidence.log_e_value)
    assert list(objections(msgspec.to_builtins(claim), evidence.counts, told)) == []


def test_by_pencil():
    """One bet, one place: the formula as it is written."""
    told = {"steps": [["both no", 3, 1, 0.5]], "bets": [0.4], "shares": [1.0]}

    assert compute(told).log_e_value == pytest.approx(3 * math.log(1.2), abs=1e-15)


def test_fresh_beginnings_own_half():
    """Half of the stake is what the fresh beginnings own, as it was written down."""
    told = {
        "steps": [["both no", 1, 1, 1.0]],
        "bets": [0.5],
        "shares": [1.0],
        "fresh": {"copies": 2, "cut_at": 256, "log_wealth": [math.log(4), math.log(1)]},
    }

    computed = compute(told)

    assert math.exp(computed.from_start) == pytest.approx(1.5)
    assert computed.fresh == pytest.approx(math.log(5))
    assert math.exp(computed.log_e_value) == pytest.approx((1.5 + 5) / 2)


def test_the_average_is_the_same():
    """The average that a roll-back is decided on is found again, too."""
    log_es, weights = [0.5, -3.0, 700.0, 2.0], [0.25, 0.25, 0.1, 0.4]

    assert agree(average(log_es, weights), fast_average(log_es, weights))


def test_a_changed_count_is_noticed():
    """The twin does not agree with a verdict whose counts were changed by one."""
    evidence, told = weighed(
        GOOD, a_claim(Contrast.RELATIVE_DROP, 0.05, Side.BETTER), {10_000: (5, 2, 3, 90, 0)}
    )
    told["steps"][1][1] += 1

    assert not agree(compute(told).log_e_value, evidence.log_e_value)


def foul(told, change):
    """Return what is said of a receipt that was changed."""
    changed = copy.deepcopy(told)
    change(changed)
    return list(objections(msgspec.to_builtins(a_claim(*FOUL)), COUNTED, changed))


FOUL = (Contrast.RELATIVE_DROP, 0.05, Side.WORSE)
COUNTED = (5, 2, 3, 90, 1)


def test_foul_bets_are_noticed():
    """Bets that are too large, shares that are too many, and gains of another claim are told."""
    _, told = weighed(GOOD, a_claim(*FOUL), {10_000: COUNTED})

    assert foul(told, id) == []
    assert "could cost more" in foul(told, lambda t: t["bets"].append(3.0))[0]
    assert "no division" in foul(told, lambda t: t["shares"].append(0.5))[0]
    assert "not above 0" in foul(told, lambda t: t["bets"].append(-0.1))[0]
    gains = [step[3] for step in told["steps"]]
    assert gains == pytest.approx([0.0, -1.0, 0.95, -0.05, -1.0])
    assert 'the place "baseline only" wins 0.99, of this claim it should be 0.95' in foul(
        told, lambda t: t["steps"][2].__setitem__(3, 0.99)
    )
    assert foul(told, lambda t: t["steps"].pop(0))[0].startswith("it is not of the counts")
    assert "missing pair" in foul(told, lambda t: t["steps"][4].__setitem__(3, 0.0))[0]


def test_what_is_no_receipt():
    """What was written down by older versions holds no receipt."""
    assert not is_receipt({"weight_in_average": 0.5})
    assert is_receipt({"steps": [], "bets": [], "shares": []})


def test_it_is_independent():
    """It imports nothing but Python's own library."""
    tree = ast.parse(Path(by_hand.__file__).read_text())
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert not [name for name in imported if name.startswith(("shadowmon", "numpy", "scipy"))]
