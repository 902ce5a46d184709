"""When a person is called."""

from __future__ import annotations

from shadowmon.evidence.alarm import Alarm
from shadowmon.policy.settings import OnComplaints
from shadowmon.records import Arm, Cell, Felt, Notify, Record, SliceName, Ticked, Weight
from shadowmon.trial import calls
from shadowmon.trial.feedback import Complaints, FeedbackRule
from shadowmon.trial.memory import Memory
from shadowmon.trial.weighing import Weighing
from tests.factories import NOON
from tests.trials import INT8, a_plan, a_state


RULE = FeedbackRule(rise=0.1, climb=OnComplaints.UNLESS_INCREASED, alpha=0.05)


def test_an_alarm_calls_once_while_it_lasts():
    """It calls when it is raised, not while it is, and again when it is raised anew."""
    plan = a_plan()
    cell = Cell(trial_id=INT8, epoch=1, stage=0, metric=plan.primary, slice=SliceName("all"))
    ticked = Ticked(now=NOON, totals={cell: (0, 0, 40, 60, 0)})
    memory, _ = Weighing(plan).weigh(Memory(state=a_state(NOON)), ticked)
    raised = {plan.rules[0]: Alarm(log_statistic=9.0, log_threshold=8.0)}

    memory, commands = calls.for_alarms(plan, memory, raised, NOON)
    memory, while_it_lasts = calls.for_alarms(plan, memory, raised, NOON)
    memory, over = calls.for_alarms(plan, memory, {}, NOON)
    _, anew = calls.for_alarms(plan, memory, raised, NOON)

    record, call = commands
    assert isinstance(record, Record)
    assert record.entry.data == {"rule": plan.rules[0].name}
    assert call == Notify(event="evidence.alarm_raised", sentence=record.entry.sentence)
    assert (while_it_lasts, over) == ((), ())
    assert anew == commands


def complaining(optimized):
    """The memory of a trial at half the traffic, with no complaint of the baseline."""
    half = Weight(5000)
    state = a_state(NOON, desired_weight=half, applied_weight=half)
    felt = {Arm.OPTIMIZED: Felt(replies=100, complaints=optimized)}
    return Memory(state=state, complaints=Complaints().heard(felt, state))


def test_complaints_call_once_in_a_stage():
    """A proven increase is told with its figures, and not told again."""
    plan = a_plan(feedback=RULE)

    memory, (record, call) = calls.for_complaints(plan, complaining(40), NOON)

    assert isinstance(record, Record)
    assert record.entry.data["optimized"]["complaints"] == 40
    assert call == Notify(event="evidence.complaints_increased", sentence=record.entry.sentence)
    assert calls.for_complaints(plan, memory, NOON) == (memory, ())


def test_few_complaints_and_unasked_ones_call_nobody():
    """Nobody is called for what is not proven, nor where complaints are not judged."""
    few, many = complaining(1), complaining(40)

    assert calls.for_complaints(a_plan(feedback=RULE), few, NOON) == (few, ())
    assert calls.for_complaints(a_plan(), many, NOON) == (many, ())
