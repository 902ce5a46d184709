"""Pairs that wait, and labels, that the store does not have: bounded however long it is down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shadowmon.daemon.labels import LabelDesk, LabelRule
from shadowmon.daemon.unsaved import Unsaved
from shadowmon.records import Awaiting, ExchangeId, Label, SliceName
from tests.factories import NOON
from tests.trials import INT8


RULE = LabelRule(maturity=timedelta(seconds=10), covers_all=True)
PAIR = Awaiting(
    trial_id=INT8,
    epoch=1,
    exchange_id=ExchangeId("x-0"),
    baseline="a",
    optimized="b",
    slices=frozenset({SliceName("all")}),
    received_at=NOON,
)


def a_desk() -> LabelDesk:
    """Return a desk with room for ten pairs and ten early labels."""
    desk = LabelDesk({INT8: RULE}, awaiting_max=10)
    desk.EARLY_MAX = 10
    return desk


def pair(name: str) -> Awaiting:
    """Return a pair that waits."""
    return replace(PAIR, exchange_id=ExchangeId(name))


def test_labels_of_nothing_that_waits_are_let_go_while_the_store_is_down():
    """Anybody may send labels of anything for hours: those that the desk knows are kept."""
    desk = a_desk()
    unsaved = Unsaved(desk)
    for number in range(1000):
        name = ExchangeId(f"x-{number}")
        desk.take([Label(exchange_id=name, label="7")])
        unsaved.label([name])
        unsaved.not_saved()

    assert len(unsaved) == 20


def test_while_the_store_is_down_no_further_pairs_are_tried_with():
    """What came since waits until the store is back, and is told then."""
    unsaved = Unsaved(a_desk())
    unsaved.expect([pair("x-1")])
    assert [each.exchange_id for each in unsaved.due().awaiting] == ["x-1"]
    unsaved.not_saved()
    unsaved.expect([pair("x-2")])

    due = unsaved.due()
    assert ([each.exchange_id for each in due.awaiting], due.is_all) == (["x-1"], False)
    unsaved.saved(due)
    due = unsaved.due()
    assert ([each.exchange_id for each in due.awaiting], due.is_all) == (["x-2"], True)


def test_a_pair_that_was_tried_with_must_be_told_as_settled():
    """A commit that failed may have written it; one that nothing was tried with is nowhere."""
    unsaved = Unsaved(a_desk())
    unsaved.expect([pair("x-1")])
    unsaved.due()
    unsaved.expect([pair("x-2")])
    unsaved.settle([(INT8, ExchangeId("x-1")), (INT8, ExchangeId("x-2"))])

    assert unsaved.due().settled == ((INT8, "x-1"),)


def test_a_label_that_came_before_its_pair_is_told_with_the_pair():
    """The store forgets the label of what does not wait: it is told again once it does."""
    desk = a_desk()
    unsaved = Unsaved(desk)
    desk.take([Label(exchange_id=ExchangeId("x-1"), label="7")])
    unsaved.label([ExchangeId("x-1")])
    unsaved.saved(unsaved.due())
    unsaved.expect(desk.expect([pair("x-1")]))

    assert set(unsaved.due().labels) == {"x-1"}
