"""Manners: who steps aside for whom, and for how long at most."""

from __future__ import annotations

import pytest

from shadowmon.ipc.board import Board, Count, Slot
from shadowmon.proxy.manners import (
    AT_ONCE,
    PATIENCE_MAX_SECONDS,
    PATIENCE_SECONDS,
    PAUSE_SECONDS,
    Manners,
    open_on,
)


NOW = 1_800_000_000.0


class House:
    """Workers on a board, of which the first one's manners are asked."""

    def __init__(self, board: Board, *open_connections: int) -> None:
        slots = [board.slot(number) for number in range(4)]
        self.slots = slots[: len(open_connections)]
        for slot, many in zip(self.slots, open_connections, strict=True):
            slot.add(Count.CONNECTIONS, many)
            slot.live(NOW)
        self.manners = Manners(slots[0], slots[1:])
        self.manners.look_round(NOW)

    def wait(self, until: float, *, lets_in: Slot | None = None) -> list[float]:
        """Look again and again until then; return when one was let in."""
        now, times = 0.0, []
        while now < until:
            if self.manners.welcome(now):
                self.slots[0].add(Count.CONNECTIONS)
                times.append(now)
            if lets_in is not None:
                lets_in.add(Count.CONNECTIONS)
            now += PAUSE_SECONDS
        return times


@pytest.fixture(name="house")
def _house():
    """`house(3, 5)`: we have three connections open, a sibling has five."""
    board = Board.create()
    yield lambda *open_connections: House(board, *open_connections)
    board.close()


def test_one_worker_alone_lets_in_as_many_as_there_are(house):
    """Without a sibling nobody is waited for, however many are in."""
    assert house(500).manners.welcome(0.0) == AT_ONCE


@pytest.mark.parametrize(
    ("ours", "theirs", "many"),
    [(0, 0, 3), (10, 10, 3), (12, 10, 1), (0, 100, AT_ONCE), (170, 160, 1), (160, 160, 11)],
)
def test_a_worker_lets_in_so_many_that_it_gets_no_further_ahead(house, ours, theirs, many):
    """At once, as long as it has not two more than another, or a sixteenth of all."""
    assert house(ours, theirs).manners.welcome(0.0) == many


@pytest.mark.parametrize(("ours", "others"), [(13, (10,)), (13, (40, 10)), (172, (160, 160, 160))])
def test_a_worker_that_is_ahead_of_any_other_steps_aside(house, ours, others):
    """One that has fewer is enough."""
    assert house(ours, *others).manners.welcome(0.0) == 0


def test_the_first_who_waits_is_let_in_after_our_patience(house):
    """A sibling that lets nobody in is waited for no longer than that."""
    there = house(10, 0)

    first = there.wait(PATIENCE_MAX_SECONDS)[0]

    assert first == pytest.approx(PATIENCE_SECONDS, abs=PAUSE_SECONDS)


def test_the_next_ones_are_let_in_one_by_one(house):
    """After each pause one, for a sibling may only be waiting for a CPU."""
    there = house(10, 0)

    times = there.wait(PATIENCE_SECONDS + 5.5 * PAUSE_SECONDS)

    assert 4 <= len(times) <= 6


@pytest.mark.parametrize("busy", [True, False])
def test_there_is_an_end_to_all_patience(house, busy):
    """Nobody is waited for after that, whether a sibling lets others in or not."""
    there = house(1000, 0)

    there.wait(PATIENCE_MAX_SECONDS, lets_in=there.slots[1] if busy else None)

    now = PATIENCE_MAX_SECONDS + 1e-9
    assert [there.manners.welcome(now) for _ in range(50)] == [1] * 50


def test_a_sibling_that_lets_others_in_is_waited_for(house):
    """Then our patience begins anew each time."""
    there = house(100, 0)

    assert there.wait(PATIENCE_MAX_SECONDS - 1e-9, lets_in=there.slots[1]) == []


def test_a_sibling_is_not_waited_for_in_vain_twice(house):
    """Whoever comes next is let in at once."""
    there = house(10, 0)
    there.wait(2 * PATIENCE_SECONDS)
    there.manners.nobody_waits()

    assert there.manners.welcome(1.0) == 1


def test_a_sibling_that_has_let_someone_in_is_hoped_for_again(house):
    """It was only busy."""
    there = house(10, 0)
    there.wait(2 * PATIENCE_SECONDS)
    there.manners.nobody_waits()
    there.slots[1].add(Count.CONNECTIONS)

    assert there.manners.welcome(1.0) == 0


def test_a_sibling_is_hoped_for_again_after_a_look_round(house):
    """What kept it may be over."""
    there = house(10, 0)
    there.wait(2 * PATIENCE_SECONDS)
    there.manners.nobody_waits()
    there.manners.look_round(NOW + 1.0)

    assert there.manners.welcome(1.0) == 0


@pytest.mark.parametrize("seconds", [-10.0, 10.0])
def test_whoever_has_not_said_that_it_lives_is_no_sibling(house, seconds):
    """A slot outlives its worker, and a clock may be set."""
    there = house(10, 0)

    there.manners.look_round(NOW + seconds)

    assert there.manners.welcome(0.0) == AT_ONCE


def test_connections_that_have_ended_do_not_count(house):
    """What is compared is what is open."""
    there = house(10, 3)
    there.slots[0].add(Count.CONNECTIONS_CLOSED, 8)

    assert open_on(there.slots[0]) == 2
    assert there.manners.welcome(0.0) == 4
