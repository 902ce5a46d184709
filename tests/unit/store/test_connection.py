"""Where a write-ahead log is safe."""

from __future__ import annotations

import pytest

from shadowmon.store.connection import wal_is_safe


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 4), False),
        ((3, 50, 7), True),
        ((3, 51, 1), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_is_safe(version: tuple[int, int, int], safe: bool) -> None:
    """A write-ahead log is used only with the versions that have the mend."""
    assert wal_is_safe(version) == safe
