"""A journal, judged again: the same to the last bit under the same rules, and what others say."""

from __future__ import annotations

import math

from dataclasses import replace

import pytest

from shadowmon.daemon.parts import config_hash
from shadowmon.daemon.rejudge import rejudge
from shadowmon.evidence.restart import log_share
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.policy.settings import PolicySettings, RequiredSettings
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Decision,
    MetricName,
    Record,
    Ticked,
    TrialId,
)
from shadowmon.rollout.machine import begin
from shadowmon.store.memory import MemoryStore
from shadowmon.store.store import Save
from shadowmon.trial.memory import Memory
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.journals import STORY, write_journal
from tests.trials import INT8, a_course, a_plan


EASY = a_course(1, 50, 100)


def the_plan(**changes):
    """Return a plan that climbs quickly, with an edge slice."""
    return a_plan(edge=("bank",), **({"course": EASY} | changes))


async def judged_again(plan, *, written_by=None, story=STORY, seed=1, **changes):
    """Let one plan write a journal, and another judge it."""
    store = MemoryStore()
    await store.open()
    await write_journal(store, written_by or plan, story=story, seed=seed)
    found = [each async for each in rejudge(store, {plan.trial_id: plan}, **changes)]
    assert found
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_the_same_rules_decide_the_same_to_the_last_bit(seed):
    """Every decision of a trial's life is found again, each rule's e-value without rounding."""
    found = await judged_again(the_plan(), seed=seed)

    assert {each.decision_then for each in found} >= {"hold", "promote", "roll_back"}
    for each in found:
        assert each.same_rules
        assert each.agrees
        assert (each.changed, each.unknown, each.is_broken) == ((), (), False)
        assert each.now is not None
        assert each.row.entry.sentence.startswith(each.now.decision)


async def test_a_chain_of_fresh_beginnings_is_found_again():
    """A roll-back after a long good stretch, which the chain decided, is decided again."""
    found = await judged_again(the_plan(), story=((60, 0.01, 0.01), (12, 0.0, 0.12)))

    last = found[-1]
    assert last.decision_then == "roll_back"
    assert last.row.entry.data["reasons"][0]["recompute"]["fresh"]["copies"] > 20
    assert (last.agrees, last.changed) == (True, ())


async def test_a_proof_that_was_weakened_is_found_again():
    """Where pairs went together, every bet's wealth is raised to the same power again."""
    store, plan = MemoryStore(), the_plan()
    await store.open()
    trial, opened = Trial.open(plan, now=NOON)
    cell = Cell(trial_id=INT8, epoch=1, stage=0, metric=MetricName("correct"), slice=EVERYTHING)
    totals = {cell: (10, 5, 30, 400, 1)}
    said = trial.handle(Ticked(now=NOON, totals=totals, variance_ratio=2.5))
    entries = [each.entry for each in (*opened, *said) if isinstance(each, Record)]
    await store.commit(Save(entries=entries))

    [found] = [each async for each in rejudge(store, {INT8: plan})]

    assert found.row.entry.data["reasons"][0]["recompute"]["power"] == pytest.approx(0.4)
    assert (found.same_rules, found.agrees, found.changed) == (True, True, ())


async def test_a_step_down_is_found_again():
    """A verdict that takes one stage away is given again: to a model that holds weight."""
    story = ((6, 0.01, 0.005), (30, 0.0, 0.1))
    plan = the_plan(policy=PolicySettings(red_lines=(), review_factor=3))

    found = await judged_again(plan, story=story)

    assert "step_down" in {each.decision_then for each in found}
    assert all(each.agrees for each in found)


async def test_what_a_further_pass_needed_is_found_again():
    """A trial that stepped down has more stages than its ladder, and they needed more."""
    story = ((6, 0.01, 0.005), (30, 0.0, 0.1), (40, 0.03, 0.0))
    plan = the_plan(
        policy=PolicySettings(red_lines=(), review_factor=3),
        course=replace(a_course(50, 100), cooldown_seconds=0),
    )

    found = await judged_again(plan, story=story)

    needed = {
        reason.log_e_needed
        for each in found
        for reason in (each.now.reasons if each.now else ())
        if reason.rule == "errors"
    }
    assert len(needed) > 1
    assert all(each.same_rules and each.agrees and not each.changed for each in found)


async def test_other_rules_may_decide_otherwise():
    """Stricter rules would have held where these promoted; nothing is called broken for that."""
    strict = the_plan(policy=PolicySettings(acceptable=0.002))

    found = await judged_again(strict, written_by=the_plan())

    promoted = [each for each in found if each.decision_then == "promote"]
    assert promoted
    assert not any(each.same_rules or each.is_broken or each.agrees for each in promoted)
    assert {each.now.decision for each in promoted if each.now} == {Decision.HOLD}
    assert all("quality" in each.changed for each in promoted)


async def test_another_ladder_is_another_need():
    """With more stages the error rate of each is smaller: those are other rules, and no fault."""
    found = await judged_again(the_plan(course=a_course(1, 10, 20, 50, 100)), written_by=the_plan())

    assert not any(each.same_rules or each.is_broken for each in found)
    assert {each.config_hash_now for each in found} == {each.config_hash_then for each in found}
    assert all("errors" in each.changed for each in found)


async def test_other_bets_begin_the_chain_anew():
    """With bets laid for other noise the counts are weighed by those, and it is still a verdict."""
    noisy = the_plan(evidence=EvidenceSettings(assumed_noise=0.3))

    found = await judged_again(noisy, written_by=the_plan())

    last = found[-1].now
    assert last is not None
    assert not any(each.same_rules for each in found)
    reason = next(each for each in last.reasons if each.rule == "core_quality")
    scales = Trial(noisy, Memory(state=begin(INT8, now=NOON))).weighing.scales
    from_start = scales.recompute(reason.claim, reason.counts)
    one_copy = math.log((1 + math.exp(log_share(0))) / 2)
    assert reason.log_e_value == pytest.approx(from_start + one_copy)


async def test_what_was_not_counted_is_unknown():
    """A rule about what no rule asked of then is told as unknown, and does not climb."""
    asked = RequiredSettings(metric="correct", slice="night", acceptable=0.1)
    plan = the_plan(policy=PolicySettings(required=(asked,)))

    found = await judged_again(plan, written_by=the_plan())

    assert all(each.unknown == ("required_correct",) for each in found)
    assert not any(each.now and each.now.decision is Decision.PROMOTE for each in found)


async def test_a_trial_that_is_not_configured_any_more():
    """A verdict of a trial that is gone is told with what was decided then, and nothing else."""
    store = MemoryStore()
    await store.open()
    await write_journal(store, the_plan())

    found = [each async for each in rejudge(store, {})]

    assert {each.now for each in found} == {None}
    assert {each.config_hash_now for each in found} == {""}
    assert not any(each.agrees or each.is_broken for each in found)


async def test_one_trial_only():
    """The verdicts of one trial can be asked for."""
    assert await judged_again(the_plan(), only=INT8)
    store = MemoryStore()
    await store.open()
    await write_journal(store, the_plan())

    assert [each async for each in rejudge(store, {}, only=TrialId("int4"))] == []


async def test_a_changed_verdict_is_noticed():
    """A journal that claims another e-value for the same counts is called broken."""
    store = MemoryStore()
    await store.open()
    await write_journal(store, the_plan())
    rows = await store.journal(limit=1000)
    row = next(row for row in rows if row.entry.kind == "verdict")
    row.entry.data["reasons"][0]["log_e_value"] += 1e-9

    found = [each async for each in rejudge(store, {INT8: the_plan()})]

    assert [each.is_broken for each in found] == [*[False] * (len(found) - 1), True]


def test_the_hash_is_of_what_decides():
    """Another limit is another hash; another ladder or name is not."""
    plan = the_plan()
    same = replace(plan, course=a_course(10, 100), optimized="int8-b")
    other = the_plan(policy=PolicySettings(acceptable=0.04))

    def the_hash(plan):
        return config_hash(plan.fingerprint())

    assert len(the_hash(plan)) == 64
    assert the_hash(plan) == the_hash(same)
    assert the_hash(plan) != the_hash(other)
    assert the_hash(plan) != the_hash(replace(plan, primary=MetricName("error")))
