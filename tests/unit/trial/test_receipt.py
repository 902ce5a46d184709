"""What a reason's e-value is computed again from, written down only when somebody reads it."""

from __future__ import annotations

from shadowmon.records import Cell, Reason, SliceName, Ticked
from shadowmon.rollout.machine import begin
from shadowmon.trial.memory import Memory
from shadowmon.trial.receipt import Receipt
from shadowmon.trial.weighing import Weighing
from tests.factories import NOON
from tests.trials import INT8, a_plan


def test_nothing_is_written_before_it_is_read():
    """It is made at the first reading, and once."""
    written = []

    def write():
        written.append("once")
        return {"steps": [], "bets": [0.5]}

    receipt = Receipt(write)
    assert not written

    assert receipt["bets"] == [0.5]
    assert dict(receipt) == {"steps": [], "bets": [0.5]}
    assert len(receipt) == 2
    assert written == ["once"]


def test_it_equals_what_it_says():
    """Whoever compares reasons need not know whether a receipt was read yet."""
    receipt = Receipt(lambda: {"weight_in_average": 0.5})

    assert receipt == {"weight_in_average": 0.5}
    assert receipt != {}
    assert repr(receipt) == "Receipt({'weight_in_average': 0.5})"


def looked_at(*looks):
    """The reasons of a trial's verdicts after so many (both yes, baseline only) each."""
    plan = a_plan()
    weighing = Weighing(plan)
    memory = Memory(state=begin(INT8, now=NOON))
    cell = Cell(trial_id=INT8, epoch=1, stage=0, metric=plan.primary, slice=SliceName("all"))
    for yes, baseline_only in looks:
        totals = {cell: (0, 0, baseline_only, yes, 0)}
        memory, verdict = weighing.weigh(memory, Ticked(now=NOON, totals=totals))
        yield verdict.reasons


def fresh_of(reasons: tuple[Reason, ...]):
    """What is told of the fresh beginnings."""
    return [reason.recompute.get("fresh") for reason in reasons]


def test_a_receipt_is_of_its_own_look():
    """Read after a later look, it still says what it would have said at once."""
    read_late = next(reasons := looked_at((400, 30), (900, 90)))
    next(reasons)

    read_at_once = next(looked_at((400, 30)))

    assert fresh_of(read_late) == fresh_of(read_at_once)
    assert any(fresh_of(read_late))
    assert [dict(each.recompute) for each in read_late] == [
        dict(each.recompute) for each in read_at_once
    ]
