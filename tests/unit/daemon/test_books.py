"""The sum of what all workers counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.daemon.books import CONTROL, Books
from shadowmon.records import Cell, MetricName, SliceName, TrialId


INT8 = TrialId("int8")
CELL = Cell(trial_id=INT8, epoch=1, stage=0, metric=MetricName("correct"), slice=SliceName("all"))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)), max_size=40))
def test_lost_repeated_and_reordered_reports_never_count_twice_nor_go_back(reports):
    """Workers tell totals in any order: the sum is that of each one's largest, and never falls."""
    books = Books({})
    largest: dict[str, int] = {}
    before = 0
    for worker, number in reports:
        books.tell(worker, CELL, (number, 2 * number))
        largest[worker] = max(largest.get(worker, 0), number)
        total = books.totals(INT8, 1)[CELL]
        assert total == (sum(largest.values()), 2 * sum(largest.values()))
        assert total[0] >= before
        before = total[0]


def test_a_restart_goes_on_where_the_store_stands():
    """Saved accounts are in the sum, and are not written again until they change."""
    books = Books({("a/1", CELL): (3, 1), (CONTROL, CELL): (1, 0)})
    assert books.changed() == {}

    books.tell("a/2", CELL, (2, 2))
    books.add(CELL, (5, 0))

    assert books.totals(INT8, 1)[CELL] == (3 + 1 + 2 + 5, 1 + 2)
    assert books.changed() == {("a/2", CELL): (2, 2), (CONTROL, CELL): (6, 0)}


def test_what_is_saved_is_not_saved_again():
    """Only what changed since goes into the next commit."""
    books = Books({})
    books.tell("a/1", CELL, (1,))
    books.saved(books.changed())
    assert books.changed() == {}

    books.tell("a/1", CELL, (2,))
    assert books.changed() == {("a/1", CELL): (2,)}


def test_former_epochs_are_let_go():
    """Nothing is judged on them any more."""
    books = Books({})
    books.tell("a/1", CELL, (1,))
    books.drop_epochs_before(INT8, 2)

    assert books.totals(INT8, 1) == {}
    assert books.changed() == {}


def test_what_grows_while_it_is_being_saved_is_saved_again():
    """Its worker may be gone by then, and would never tell it again."""
    books = Books({})
    books.tell("a", CELL, (1, 0))
    saved = books.changed()
    books.tell("a", CELL, (2, 0))

    books.saved(saved)

    assert books.changed() == {("a", CELL): (2, 0)}
