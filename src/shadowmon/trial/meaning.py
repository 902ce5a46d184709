"""
Whether observations still mean what they meant when they were counted (config/meaning.py).

Rule: only what was known before is compared. A setting, or a slice, that is new was not counted
by: it changes nothing of what was.
"""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.records import Phase


_OF_REVIEW = "review."


def changed(before: Mapping[str, str], now: Mapping[str, str], *, phase: Phase) -> tuple[str, ...]:
    """
    Return the keys whose meaning is another one than that of what was counted.

    Args:
        before: What was meant: key -> digest. Empty: it is not known.
        now: What is meant.
        phase: Where the trial stands; what people are asked of matters only while they are.

    """
    asks_people = phase is Phase.SIDE_BY_SIDE
    return tuple(
        key
        for key, meant in sorted(before.items())
        if now.get(key) != meant and (asks_people or not key.startswith(_OF_REVIEW))
    )
