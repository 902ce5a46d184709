"""What a trial has to prove, and how long that takes with the traffic there is."""

from __future__ import annotations

import math

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.build import trial_plans
from shadowmon.daemon.forecast import Assumed, forecast
from shadowmon.evidence.plan import LOG_CHAIN_COSTS, plan, violations_needed
from shadowmon.policy.rules import Kind
from shadowmon.records import SliceName


BANK = SliceName("bank")


def the_settings(*, trial=None, route=None, bank=None):
    """Return settings of a classification with labels; keys may be named."""
    model = {"url": "http://127.0.0.1:9"}
    required = {"metric": "primary", "slice": "bank", "acceptable": 0.1}
    return Settings.model_validate(
        {
            "models": {"fp32": model, "int8": model},
            "routes": {"digits": {"baseline": "fp32"} | (route or {})},
            "trials": {
                "int8": {
                    "route": "digits",
                    "optimized": "int8",
                    "task": "classification",
                    "labels": {"expected": "all", "maturity_seconds": 600},
                    "policy": {"required": [required]},
                }
                | (trial or {})
            },
            "traffic": {
                "slices": {
                    "bank": {"header": "x-tenant", "equals": "bank", "edge": True} | (bank or {})
                }
            },
        }
    )


def found(settings=None, **assumed):
    """Forecast the one trial."""
    settings = settings or the_settings()
    return forecast(settings, trial_plans(settings)[0], Assumed(**assumed))


def the_rule(asked, name):
    return next(each for each in asked if each.rule.name == name)


def test_every_rule_is_asked():
    """Whatever a climb asks, and whatever takes all weight away, is forecast at three truths."""
    whole = found()

    assert [each.rule.name for each in whole.promote] == ["quality", "errors", "required_correct"]
    assert {each.rule.name for each in whole.roll_back} == {
        "reject",
        "core_quality",
        "error_rate",
        "edge_slice",
    }
    assert {tuple(at.multiple for at in each.at) for each in whole.promote} == {(0, 0.25, 0.5)}
    assert {tuple(at.multiple for at in each.at) for each in whole.roll_back} == {(1.5, 2, 3)}
    for each in (*whole.promote, *whole.roll_back):
        assert all(0 < at.pairs.median <= at.pairs.q90 < math.inf for at in each.at)


def test_pairs_are_the_plan_s():
    """A rule of a climb needs what its alpha says; one that takes weight away, its share more."""
    settings = the_settings()
    whole = found(settings)
    bets = settings.evidence

    quality = the_rule(whole.promote, "quality")
    core = the_rule(whole.roll_back, "core_quality")

    assert quality.log_e_needed == pytest.approx(math.log(20))
    assert quality.at[0].pairs == plan(quality.rule.claim, 0.0, quality.log_e_needed, settings=bets)
    assert core.log_e_needed == pytest.approx(math.log(100 * 2 * 3))  # half, of three rules
    assert core.at[1].pairs == plan(
        core.rule.claim, 0.1, core.log_e_needed, settings=bets, chained=True
    )


def test_without_traffic_no_time_is_known():
    """Pairs are known without the traffic, and times are not."""
    whole = found()

    assert {at.median_seconds for each in whole.promote for at in each.at} == {None}
    assert {rung.after_seconds for rung in whole.rungs} == {(None, None, None)}


def test_time_is_pairs_by_pace():
    """At so many requests a second, of which so many are sampled, with labels that mature."""
    whole = found(the_settings(route={"sample_rate": 0.5}), requests_per_second=4.0)

    quality, errors = whole.promote[:2]
    assert quality.pairs_per_second == 2.0
    assert quality.at[0].median_seconds == pytest.approx(quality.at[0].pairs.median / 2 + 600)
    assert errors.at[0].q90_seconds == pytest.approx(errors.at[0].pairs.q90 / 2)


@pytest.mark.parametrize(
    ("bank", "shares", "pace"),
    [
        (None, {}, None),
        (None, {BANK: 0.01}, 4.0 * 0.5 * 0.01),
        ({"sample_rate": 1.0}, {BANK: 0.01}, 4.0 * 0.01),
    ],
)
def test_the_pace_of_a_slice(bank, shares, pace):
    """A slice has its share of the requests, sampled at its own rate; without a share, none."""
    settings = the_settings(route={"sample_rate": 0.5}, bank=bank)

    asked = the_rule(
        found(settings, requests_per_second=4.0, shares=shares).promote, "required_correct"
    )

    assert asked.pairs_per_second == pytest.approx(pace)


def test_the_ladder_takes_what_its_slowest_part_takes():
    """A stage is left once it was stayed in, has its pairs, and all that is asked is proven."""
    stages = [{"percent": 10, "min_pairs": 10, "min_dwell_seconds": 7200}, {"percent": 100}]
    rollout = {"shadow_min_pairs": 5000, "shadow_min_dwell_seconds": 60, "stages": stages}
    whole = found(
        the_settings(trial={"rollout": rollout}), requests_per_second=1.0, shares={BANK: 0.5}
    )

    shadow, first = whole.rungs
    assert [shadow.stage.name, shadow.to.name, first.to.name] == ["shadow", "10%", "100%"]
    assert shadow.after_seconds[0] == (5000, 5000)
    assert shadow.by == "its pairs"
    assert first.by == "its dwell"
    assert first.after_seconds[0] == (12_200, 12_200)


def test_a_ladder_that_loses_quality_loses_nothing_else():
    """Each further stage waits for its errors as long as it does without any loss."""
    stages = [{"percent": each, "min_pairs": 0, "min_dwell_seconds": 0} for each in (10, 100)]
    rollout = {"shadow_min_pairs": 0, "shadow_min_dwell_seconds": 0, "stages": stages}
    whole = found(
        the_settings(trial={"rollout": rollout}), requests_per_second=1.0, shares={BANK: 0.5}
    )
    (errors,) = (asked for asked in whole.promote if asked.rule.name == "errors")

    first, second = (rung.after_seconds[1] for rung in whole.rungs)

    assert second[0] - first[0] == pytest.approx(errors.at[0].median_seconds)
    assert errors.at[0].median_seconds < errors.at[1].median_seconds


def test_a_thin_slice_holds_the_whole_ladder():
    """Where a required slice is thin, its evidence is what the first climb waits for."""
    whole = found(requests_per_second=10.0, shares={BANK: 0.001})

    slice_time = the_rule(whole.promote, "required_correct").at[0].median_seconds
    assert whole.rungs[0].by == "required_correct"
    assert whole.rungs[0].after_seconds[0][0] == pytest.approx(slice_time)
    assert whole.rungs[0].after_seconds[2][0] > slice_time


def test_a_loss_that_is_named_is_forecast_too():
    """The operator's own loss is a further truth of the primary metric, and of no other."""
    whole = found(loss=0.06)

    quality, errors = whole.promote[:2]
    assert (quality.at[-1].truth, quality.at[-1].multiple) == (0.06, None)
    assert not quality.at[-1].pairs.is_possible
    assert len(errors.at) == 3


def test_assumptions_matter():
    """More noise takes longer; a model that errs more shows an increase sooner."""
    usual = found()
    noisy, failing = found(noise=0.1), found(error_rate=0.05)

    assert noisy.promote[0].at[0].pairs.median > usual.promote[0].at[0].pairs.median
    assert noisy.promote[1].at[0].pairs == usual.promote[1].at[0].pairs
    rate = [the_rule(each.roll_back, "error_rate").at[2].pairs.median for each in (usual, failing)]
    assert rate[1] < rate[0] / 3


@pytest.mark.parametrize(
    ("safety", "tripwire"),
    [("any", Kind.TRIPWIRE), ("hold", Kind.TRIPWIRE_HOLD), ("evidence", None)],
)
def test_safety(safety, tripwire):
    """Violations that prove a rise, pairs that certify there is little, and what one alone does."""
    settings = the_settings(trial={"policy": {"safety": safety}})

    whole = found(settings)

    assert whole.tripwire is tripwire
    assert [limit for limit, _ in whole.violation_free] == [0.01, 0.005, 0.001, 0.0005, 0.0001]
    assert all(pairs > 3 / limit for limit, pairs in whole.violation_free)
    assert [baseline for baseline, _ in whole.violations] == [0, 1, 2, 3, 5, 10]
    if tripwire:
        assert whole.violations[0] == (0, 8)
    else:
        need = math.log(100 * 2 * 4) + LOG_CHAIN_COSTS  # half of alpha, of four rules
        assert whole.violations[0][1] == violations_needed(0, need, settings=settings.evidence)


def test_the_curve_rises_to_its_limits():
    """A climb takes ever longer towards what is acceptable; a roll-back ever less beyond it."""
    curve = found().curve

    climbs = [up for truth, up, _ in curve if truth < 0.05]
    assert climbs == sorted(climbs)
    assert all(up == math.inf for truth, up, _ in curve if truth > 0.05)
    assert all(down == math.inf for truth, _, down in curve if truth < 0.05)
    falls = [down for truth, _, down in curve if truth > 0.06]
    assert falls == sorted(falls, reverse=True)


def test_a_trial_without_labels():
    """Where a divergence is primary, its mean is what is forecast."""
    whole = found(the_settings(trial={"labels": {"expected": "none"}}))

    quality = whole.promote[0]
    assert quality.rule.claim.contrast == "mean"
    assert quality.at[0].pairs.is_possible
