"""What was found once is known as long as it comes again, if there is room for it."""

from __future__ import annotations

import pytest

from shadowmon.proxy.memory import Generations, Memory


def a_memory(asked: list[bytes]) -> Memory[int]:
    """Return one for three things in a generation, of up to four bytes; it tells what it asks."""

    def find(thing: bytes) -> int:
        asked.append(thing)
        return len(thing)

    return Memory(find, most=3, longest=4)


def test_what_is_known_is_not_looked_for_again():
    """Once is enough."""
    asked: list[bytes] = []
    memory = a_memory(asked)

    assert [memory[b"ab"] for _ in range(3)] == [2, 2, 2]
    assert asked == [b"ab"]


def test_what_comes_again_and_again_stays():
    """However much else comes between."""
    asked: list[bytes] = []
    memory = a_memory(asked)

    for number in range(100):
        assert memory[b"a"] == 1
        assert memory[b"%d" % number] == len(str(number))

    assert asked.count(b"a") == 1


def test_there_are_never_more_than_two_generations():
    """What does not come again is forgotten, and looked for when it does."""
    asked: list[bytes] = []
    memory = a_memory(asked)

    for number in range(100):
        memory[b"%d" % number]
        assert len(memory) <= 3
        assert len(memory._elder) <= 3

    assert memory[b"0"] == 1
    assert asked.count(b"0") == 2


def test_a_long_thing_is_not_remembered():
    """A few of them would fill the memory."""
    asked: list[bytes] = []
    memory = a_memory(asked)

    assert [memory[b"abcde"] for _ in range(2)] == [5, 5]
    assert len(asked) == 2
    assert not memory


def test_what_raises_is_not_remembered():
    """It raises every time."""
    memory = Memory[int](int, most=3, longest=4)

    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            memory[b"x"]
    assert not memory


def test_nothing_is_something_that_can_be_known():
    """That there is nothing to be said of a thing is remembered too."""
    known = Generations[bytes, None](1)
    known.keep(b"a", None)
    known.keep(b"b", None)

    assert known.of_elder(b"a")
    assert not known.of_elder(b"c")
    assert b"a" in known
