"""The page of shared memory."""

from __future__ import annotations

import os

import pytest

from shadowmon.ipc.board import TRIALS_MAX, WORKERS_MAX, Board, Count, Head, TrialCell


@pytest.fixture
def board():
    board = Board.create()
    yield board
    board.close()


def test_another_process_sees_what_was_written(board):
    """A weight that the parent writes is read by a child, and a child's counts by the parent."""
    board.set_trial(3, TrialCell.WEIGHT, 2_500)
    child = os.fork()
    if child == 0:
        seen = board.weight(3)
        board.slot(2).add(Count.SEEN, seen)
        os._exit(0)
    os.waitpid(child, 0)

    assert board.slot(2).count(Count.SEEN) == 2_500


def test_every_cell_has_a_place_of_its_own(board):
    """Writing one cell changes no other."""
    for number in range(TRIALS_MAX):
        for cell in TrialCell:
            board.set_trial(number, cell, 1 + number * len(TrialCell) + cell)
    for worker in range(WORKERS_MAX):
        slot = board.slot(worker)
        for count in Count:
            slot.add(count, worker + 1)
        for number in range(TRIALS_MAX):
            slot.add_served(number)
        slot.add_answer(0, 0.02)
        slot.add_answer(1, 100.0)
        slot.add_lag(0.02)
        slot.add_lag(7.0)
        slot.live(1_000.5 + worker)
    board.add_head(Head.CONTROL_LIFE)

    assert [board.trial(n, c) for n in range(TRIALS_MAX) for c in TrialCell] == list(
        range(1, 1 + TRIALS_MAX * len(TrialCell))
    )
    for worker in range(WORKERS_MAX):
        slot = board.slot(worker)
        assert {slot.count(count) for count in Count} == {worker + 1}
        assert {slot.served(number) for number in range(TRIALS_MAX)} == {1}
        assert {slot.fell_back(number) for number in range(TRIALS_MAX)} == {0}
        assert slot.answers(0) == ([0, 0, 1, *[0] * 9], 0.02)
        assert slot.answers(1) == ([*[0] * 11, 1], 100.0)
        assert slot.lags() == ([0, 0, 0, 1, *[0] * 6, 1], 7.02)
        assert slot.lived_at == 1_000 + worker
    assert board.head(Head.CONTROL_LIFE) == 1
    assert board.head(Head.CONTROL_RESTARTS) == 0


def test_a_trial_that_has_no_place_is_refused(board):
    """There is room for so many trials, and a number beyond says so."""
    with pytest.raises(ValueError, match="from 0 to 63"):
        board.set_trial(TRIALS_MAX, TrialCell.WEIGHT, 1)
