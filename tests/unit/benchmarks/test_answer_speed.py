from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from functools import partial

import numpy as np
import pytest

from benchmarks.decisions import answer_speed
from benchmarks.decisions.label_delay import NOTHING
from shadowmon.daemon.turns import Turn, Turns
from shadowmon.records import RouteName
from tests.places import StandingClock


PAIRS, FIRST = 300, 10


@pytest.mark.parametrize("patience", [0, 7, 40, 1_000])
def test_a_turn_here_is_what_the_product_does(patience):
    """One exchange a second, each known after some: at every moment the same ones are counted."""
    took = np.random.default_rng(4).choice([1, 3, 20, 60], (1, PAIRS))
    clock, counted, so_many = StandingClock(), list[int](), list[int]()
    turns = Turns(clock, patience_seconds=float(patience))
    known: dict[int, list[tuple[ExitStack, Turn, int]]] = defaultdict(list)

    for second in range(PAIRS):
        clock.seconds = float(second)
        stack = ExitStack()
        turn = stack.enter_context(turns.turn(RouteName("chat")))
        known[second + int(took[0, second])].append((stack, turn, FIRST + second))
        for each, its, name in known[second]:
            its.count(partial(counted.append, name))
            each.close()
        turns.go_on()
        so_many.append(len(counted))

    names = np.arange(PAIRS) + FIRST
    found = answer_speed.in_turn(names[np.newaxis], took, patience)[0].tolist()
    assert sum(one != NOTHING for one in found) == len(counted) > PAIRS / 2
    for number in so_many:
        assert sorted(found[:number]) == sorted(counted[:number])
