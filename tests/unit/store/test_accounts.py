"""Counts are packed as the format says, and nothing else is read as counts."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.store.accounts import add, pack, unpack


def test_documented_example() -> None:
    """The example in the format's description holds."""
    assert pack((0, 0, 5, 0, 300)).hex(" ") == "05 02 05 01 ac 02"


@pytest.mark.parametrize(
    ("counts", "packed"),
    [((), "00"), ((0,) * 300, "ac 02"), ((127, 128), "02 00 7f 00 80 01"), ((1,), "01 00 01")],
)
def test_known_bytes(counts: tuple[int, ...], packed: str) -> None:
    """The bytes of these counts never change: they lie in people's files."""
    assert pack(counts).hex(" ") == packed


@given(st.lists(st.sampled_from([0, 0, 0, 1, 127, 128, 2**40, 2**70]), max_size=200).map(tuple))
def test_round_trip(counts: tuple[int, ...]) -> None:
    """Whatever is packed is unpacked as it was."""
    assert unpack(pack(counts)) == counts


@given(st.binary(max_size=30))
def test_any_bytes(packed: bytes) -> None:
    """Bytes are refused with a ValueError, or are counts that have their own bytes."""
    try:
        counts = unpack(packed)
    except ValueError:
        return
    assert unpack(pack(counts)) == counts


@pytest.mark.parametrize(
    "packed", ["", "02 00 01 01 01", "01 00", "01 00 00", "01 00 80", "ff ff ff ff 7f"]
)
def test_damaged_bytes(packed: str) -> None:
    """Cut, overlong and senseless bytes are refused."""
    with pytest.raises(ValueError, match="are no counts"):
        unpack(bytes.fromhex(packed))


def test_negative_count() -> None:
    """A negative count is refused."""
    with pytest.raises(ValueError, match="must not be negative"):
        pack((1, -1))


def test_add_places() -> None:
    """Counts add place by place, and only if they have the same places."""
    assert add((1, 2), (10, 0)) == (11, 2)
    with pytest.raises(ValueError, match="of 2 and of 3 places"):
        add((1, 2), (1, 2, 3))
