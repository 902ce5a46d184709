"""What came lately."""

from __future__ import annotations

from shadowmon.traffic.recent import Recent


def test_it_is_remembered_for_so_long():
    """Until its time is up, and not longer."""
    recent: Recent[str, int] = Recent(keys_max=10, seconds=5.0)
    recent.put("a", 1, 100.0)

    assert recent.get("a", 104.9) == 1
    assert recent.get("a", 105.0) is None


def test_only_so_many_are_remembered():
    """The oldest is forgotten for a new one."""
    recent: Recent[int, bool] = Recent(keys_max=3, seconds=5.0)
    for key in range(5):
        recent.put(key, value=True, now=0.0)

    assert [recent.get(key, 1.0) for key in range(5)] == [None, None, True, True, True]
