"""Which of its epoch's stages a trial is in."""

from __future__ import annotations

import math

from dataclasses import replace

import pytest

from shadowmon.records import Phase, Ticked
from shadowmon.trial.memory import Memory
from shadowmon.trial.weighing import Weighing
from tests.factories import NOON
from tests.trials import a_plan, a_state


@pytest.mark.parametrize(
    ("first", "stage", "phase", "number"),
    [
        (0, 7, Phase.SHADOWING, 1),
        (7, 7, Phase.SHADOWING, 1),
        (7, 9, Phase.PROGRESSING, 3),
        (7, 11, Phase.PROMOTED, 4),
        (7, 7, Phase.PROMOTED, 1),
    ],
)
def test_the_number_of_a_stage_in_its_epoch(first, stage, phase, number):
    """The first that is weighed is 1; where all traffic is held no further climb is asked for."""
    memory = Memory(state=a_state(NOON, stage_count=stage, phase=phase), first_stage=first)

    assert memory.stage_number == number


def test_a_stage_of_a_further_pass_needs_more():
    """Four stages share alpha; the fifth of an epoch has half of a tenth of such a share."""
    plan = a_plan()
    weighing = Weighing(plan)
    needs = {}
    for stage in (1, 4, 5):
        memory = Memory(state=replace(a_state(NOON), stage_count=stage), first_stage=1)
        _, verdict = weighing.weigh(memory, Ticked(now=NOON, totals={}))
        (errors,) = (each for each in verdict.reasons if each.rule == "errors")
        needs[stage] = errors.log_e_needed

    assert needs[1] == needs[4] == pytest.approx(math.log(4 / plan.evidence.alpha_promote))
    assert needs[5] == pytest.approx(needs[1] + math.log(20))
