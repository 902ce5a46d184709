"""What users say of the replies they get, held against a climb."""

from __future__ import annotations

import json

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from shadowmon.policy.settings import OnComplaints
from shadowmon.records import Arm, Felt, Weight
from shadowmon.trial.feedback import Complaints, FeedbackRule
from tests.factories import NOON
from tests.trials import a_state


ALPHA = 0.05


def at(weight, *, stage=3):
    """A rollout that holds a weight."""
    given = Weight(weight)
    return a_state(NOON, desired_weight=given, applied_weight=given, stage_count=stage)


def said(baseline=0, optimized=0):
    """So many complaints of each."""
    return {
        Arm.BASELINE: Felt(replies=10 * baseline, complaints=baseline),
        Arm.OPTIMIZED: Felt(replies=10 * optimized, complaints=optimized),
    }


def unplaced(felt):
    """The same, of a time when nobody knew the share."""
    return {arm: replace(each, unplaced=each.complaints) for arm, each in felt.items()}


def a_rule(climb=OnComplaints.UNLESS_INCREASED, rise=0.1):
    """A rule that tolerates a tenth more."""
    return FeedbackRule(rise=rise, climb=climb, alpha=ALPHA)


def test_an_increase_is_an_objection():
    """Thirty complaints to ten at equal shares are more than a tenth more."""
    objection = Complaints().heard(said(10, 30), at(5000)).objection(a_rule(), at(5000))

    assert objection.startswith("complaints increased: 30 in 300 replies of the optimized model")


def test_as_many_are_none():
    """Equally many complaints keep nothing from climbing."""
    assert not Complaints().heard(said(30, 30), at(5000)).objection(a_rule(), at(5000))


def test_nothing_said_is_no_proof():
    """Where complaints must be disproved, silence is an objection; but not in the shadow."""
    rule = a_rule(OnComplaints.ONCE_DISPROVED)

    assert "not proven to be as rare" in Complaints().objection(rule, at(100))
    assert not Complaints().objection(rule, at(0))
    assert not Complaints().objection(rule, at(10_000))


def test_far_fewer_disprove_it():
    """Where complaints must be disproved, far fewer of them do."""
    rule = a_rule(OnComplaints.ONCE_DISPROVED, rise=0.5)

    assert not Complaints().heard(said(200, 100), at(5000)).objection(rule, at(5000))


def test_another_stage_begins_anew():
    """What was said in a stage that is over is no part of this one."""
    before = Complaints().heard(said(10, 30), at(5000, stage=3))

    after = before.heard({}, at(100, stage=4))

    assert after == Complaints(stage=4)


def test_what_is_said_while_a_weight_is_applied_says_nothing():
    """Nobody knows by what share users were divided then."""
    complaints = Complaints().heard(unplaced(said(10, 90)), at(5000))

    assert not complaints.objection(a_rule(), at(5000))
    assert complaints.felt[Arm.OPTIMIZED].complaints == 90


def test_it_survives_a_restart():
    """All of it goes through JSON and back."""
    complaints = Complaints().heard(said(10, 30), at(5000))

    text = json.dumps(msgspec.to_builtins(complaints, str_keys=True))

    assert msgspec.convert(json.loads(text), Complaints, str_keys=True) == complaints


def test_it_is_told_as_json():
    """Counts by share, and both proofs."""
    told = Complaints().heard(said(1, 2), at(5000)).to_json(a_rule())

    assert told["optimized"] == {
        "replies": 20,
        "complaints": 2,
        "thumbs_up": 0,
        "complaints_by_share": {"5000": 2},
    }
    assert told["log_e_increased"] < told["log_e_needed"]


@pytest.mark.parametrize(("rise", "wrong"), [(0.1, "increased"), (0.1, "disproved")])
def test_errors_at_the_boundary(rise, wrong):
    """At exactly the tolerated rate neither word is given in more than alpha of streams (3 SE)."""
    rng, runs, share, given = np.random.default_rng(5), 200, 2500, 0
    odds = (1 + rise) * share / (10_000 - share)
    rule = a_rule(rise=rise)
    for _ in range(runs):
        optimized, complaints = rng.random(800) < odds / (1 + odds), Complaints()
        for chunk in np.split(optimized, 20):
            heard = said(int((~chunk).sum()), int(chunk.sum()))
            complaints = complaints.heard(heard, at(share))
            if getattr(complaints, wrong)(rule):
                given += 1
                break

    assert given / runs <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / runs) ** 0.5
