"""Pairs are counted in the order in which their exchanges came."""

from __future__ import annotations

from contextlib import ExitStack

from shadowmon.daemon.turns import Turns
from shadowmon.records import RouteName
from tests.places import StandingClock


CHAT, SEARCH = RouteName("chat"), RouteName("search")


class Line:
    """A line, and what was counted of it."""

    def __init__(self, **settings):
        self.clock = StandingClock()
        self.turns = Turns(self.clock, **({"patience_seconds": 30.0} | settings))
        self.counted = []
        self._open = {}

    def begin(self, *names, route=CHAT):
        """Exchanges come."""
        for name in names:
            stack = ExitStack()
            self._open[name] = stack, stack.enter_context(self.turns.turn(route))

    def end(self, *names):
        """All that will be is known of them."""
        for name in names:
            stack, turn = self._open.pop(name)
            turn.count(lambda name=name: self.counted.append(name))
            stack.close()


def test_a_slow_pair_is_counted_before_what_came_after_it():
    """However long it took."""
    line = Line()
    line.begin("slow", "quick", "last")

    line.end("quick", "last")
    assert line.counted == []

    line.end("slow")
    assert line.counted == ["slow", "quick", "last"]


def test_what_came_before_waits_for_nobody_behind_it():
    """The first in line is counted as soon as it is known."""
    line = Line()
    line.begin("first", "second")

    line.end("first")

    assert line.counted == ["first"]


def test_an_exchange_without_a_pair_keeps_nobody_waiting():
    """Neither one that was left out, nor one that failed."""
    line = Line()
    line.begin("quick")
    left_out, failed = line.turns.turn(CHAT), line.turns.turn(CHAT)
    for each in (left_out, failed):
        each.__enter__()
    line.begin("behind")
    line.end("behind", "quick")

    left_out.__exit__(None, None, None)
    assert not failed.__exit__(RuntimeError, RuntimeError(), None)
    assert line.counted == ["quick", "behind"]


def test_each_route_has_a_line_of_its_own():
    """A slow model of one route holds up no other route."""
    line = Line()
    line.begin("slow", route=CHAT)
    line.begin("elsewhere", route=SEARCH)

    line.end("elsewhere")

    assert line.counted == ["elsewhere"]


def test_nobody_waits_longer_than_the_patience():
    """What comes too late for its turn is counted when it comes."""
    line = Line(patience_seconds=30.0)
    line.begin("hangs")
    line.clock.seconds = 10.0
    line.begin("quick")
    line.end("quick")

    line.clock.seconds = 29.9
    line.turns.go_on()
    assert line.counted == []

    line.clock.seconds = 30.0
    line.turns.go_on()
    assert line.counted == ["quick"]

    line.end("hangs")
    assert line.counted == ["quick", "hangs"]


def test_without_patience_pairs_are_counted_as_they_come():
    """Zero seconds switch it off."""
    line = Line(patience_seconds=0.0)
    line.begin("slow", "quick")

    line.end("quick", "slow")

    assert line.counted == ["quick", "slow"]


def test_a_line_is_bounded():
    """With more in it than it may hold the oldest is not waited for."""
    line = Line(waiting_max=2)
    line.begin("hangs", "one")
    line.end("one")
    assert line.counted == []

    line.begin("two")
    line.end("two")

    assert line.counted == ["one", "two"]
    assert len(line.turns) == 0


def test_before_a_stop_all_that_is_known_is_counted():
    """In order; who is still under way may count himself."""
    line = Line()
    line.begin("hangs", "one", "two")
    line.end("two", "one")

    line.turns.end()
    assert line.counted == ["one", "two"]

    line.end("hangs")
    assert line.counted == ["one", "two", "hangs"]
