"""What waits, and what is dropped."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.mirror.shedding import WaitingLine


def a_line(*, in_flight_max: int = 1, queue_max: int = 2, size_max: int = 1000) -> WaitingLine[str]:
    return WaitingLine(in_flight_max=in_flight_max, queue_max=queue_max, size_max=size_max)


def test_sizes_are_bounded_together() -> None:
    """What would make the line too heavy is refused, however few wait; what leaves makes room."""
    line = a_line(queue_max=10, size_max=100)

    assert line.offer("a", size=60)
    assert not line.offer("b", size=41)
    assert line.offer("c", size=40)
    line.start()
    assert line.offer("d", size=60)


def test_first_come_first_served() -> None:
    """Items start in the order they came, as far as there are places."""
    line = a_line(in_flight_max=2, queue_max=3)

    assert all(line.offer(item, size=1) for item in "abc")
    assert [line.start(), line.start(), line.start()] == ["a", "b", None]
    line.finish()
    assert line.start() == "c"


def test_newest_is_refused() -> None:
    """What comes while the line is full is refused and counted; what waits keeps its turn."""
    line = a_line()

    assert [line.offer(item, size=1) for item in "abc"] == [True, True, False]
    assert (line.start(), line.waiting, line.shed) == ("a", 1, 1)


def test_room_again() -> None:
    """Once something has started there is room again."""
    line = a_line()
    for item in "abc":
        line.offer(item, size=1)
    line.start()

    assert line.offer("d", size=1)


def test_finish_without_start_is_a_bug() -> None:
    """A place that was never taken cannot be freed."""
    with pytest.raises(ValueError, match="nothing is in flight"):
        a_line().finish()


@given(
    st.lists(st.sampled_from(["offer", "start", "finish"]), max_size=60),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_bounds_hold(steps: list[str], in_flight_max: int, queue_max: int) -> None:
    """Neither bound is ever exceeded, and every item is accounted for."""
    line = a_line(in_flight_max=in_flight_max, queue_max=queue_max)
    offered = started = 0

    for step in steps:
        if step == "offer":
            offered += 1
            line.offer("x", size=1)
        elif step == "start":
            started += line.start() is not None
        elif line.in_flight:
            line.finish()
        assert line.in_flight <= in_flight_max
        assert line.waiting <= queue_max
        assert offered == started + line.waiting + line.shed
