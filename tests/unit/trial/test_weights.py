"""The weight that is wanted, and the weight that is."""

from __future__ import annotations

from shadowmon.records import (
    Notify,
    Record,
    SetWeight,
    Weight,
    WeightApplied,
    WeightRejected,
)
from shadowmon.trial import weights
from shadowmon.trial.memory import Memory
from tests.factories import NOON
from tests.trials import a_plan, a_state


def remembered(*, wanted, applied, **changes):
    """The memory of a trial that wants one weight and has another."""
    state = a_state(NOON, desired_weight=Weight(wanted), applied_weight=Weight(applied))
    return Memory(state=state, **changes)


def test_a_weight_is_asked_for_until_it_is_reached():
    """The whole level is said again; once it is there, nothing is."""
    assert weights.ask_again(remembered(wanted=100, applied=0).state) == (
        SetWeight(weight=Weight(100)),
    )
    assert weights.ask_again(remembered(wanted=100, applied=100).state) == ()


def test_a_weight_that_was_reached_is_journalled_once():
    """What the actuator holds is remembered, and an old refusal forgotten."""
    before = remembered(wanted=100, applied=0, rejected="no route")

    after, (record,) = weights.applied(
        a_plan(), before, WeightApplied(now=NOON, weight=Weight(100))
    )
    again = weights.applied(a_plan(), after, WeightApplied(now=NOON, weight=Weight(100)))

    assert isinstance(record, Record)
    assert (after.state.applied_weight, after.rejected) == (100, "")
    assert record.entry.sentence == "int8 now has 1 % of route digits"
    assert again == (after, ())


def test_another_hand_is_told_of_and_not_fought():
    """A weight that moved from the wanted one without being asked is left where it is."""
    after, (record, call) = weights.applied(
        a_plan(),
        remembered(wanted=100, applied=100),
        WeightApplied(now=NOON, weight=Weight(5000)),
    )

    assert isinstance(record, Record)
    assert "and not the 1 % that were applied: another hand changed it" in record.entry.sentence
    assert call == Notify(event="rollout.weight_drifted", sentence=record.entry.sentence)
    assert weights.ask_again(after.state) == ()


def test_why_a_weight_was_refused_is_said_once():
    """The same problem again is no news; another one is."""
    refused = WeightRejected(now=NOON, weight=Weight(100), problem="no route")

    after, commands = weights.rejected(a_plan(), remembered(wanted=100, applied=0), refused)

    assert [type(each) for each in commands] == [Record, Notify]
    assert weights.rejected(a_plan(), after, refused) == (after, ())
    other = WeightRejected(now=NOON, weight=Weight(100), problem="timed out")
    assert weights.rejected(a_plan(), after, other)[1] != ()
