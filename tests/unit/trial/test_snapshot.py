"""What a trial remembers over a restart."""

from __future__ import annotations

import json

from dataclasses import replace

from shadowmon.records import Arm, Cell, Felt, SliceName, Ticked, Weight
from shadowmon.trial import snapshot
from shadowmon.trial.memory import Memory
from shadowmon.trial.weighing import Weighing
from tests.factories import NOON
from tests.trials import INT8, a_plan, a_state


def test_what_is_remembered_survives_json():
    """All but the weight that the actuator holds, and what is read off the accounts again."""
    plan, half = a_plan(), Weight(5000)
    cell = Cell(trial_id=INT8, epoch=1, stage=0, metric=plan.primary, slice=SliceName("all"))
    state = a_state(NOON, desired_weight=half, applied_weight=half)
    memory = Memory(state=state, said=("hold", "wait", "", ""), pairs=400, pairs_in_stage=100)
    felt = {Arm.OPTIMIZED: Felt(replies=100, complaints=4)}
    memory = replace(memory, complaints=memory.complaints.heard(felt, state))
    totals = {cell: (0, 0, 30, 300, 0)}
    event = Ticked(now=NOON, totals=totals, variance_ratio=1.7)
    weighed, _ = Weighing(plan).weigh(memory, event)

    again = snapshot.read(json.loads(json.dumps(snapshot.write(plan, weighed))))

    assert again == Memory(
        state=replace(weighed.state, applied_weight=None),
        chain=weighed.chain,
        variance_ratio=1.7,
        said=weighed.said,
        pairs=weighed.pairs,
        pairs_in_stage=weighed.pairs_in_stage,
        first_stage=weighed.first_stage,
        began_at=NOON,
        complaints=weighed.complaints,
    )
