"""Do our limits drop some kinds of requests rather than others? Pure."""

from __future__ import annotations

from collections.abc import Mapping


KEPT, DROPPED = "kept", "dropped"

_LEAST = 50
"""Sampled exchanges that a part must have before what it dropped is held against it."""


def drop_skew(counts: Mapping[tuple[str, ...], float]) -> float | None:
    """
    Return the largest share dropped of any part over the share dropped of all.

    1 is even; 3 means that of one length, or in one hour, three times the usual share is dropped.

    Args:
        counts: (part, `kept` or `dropped`) -> exchanges.

    Returns:
        1 if nothing was dropped; None if no part has enough exchanges.

    """
    parts = {part for part, _ in counts}
    dropped = {part: counts.get((part, DROPPED), 0.0) for part in parts}
    total = {part: dropped[part] + counts.get((part, KEPT), 0.0) for part in parts}
    shares = [dropped[part] / total[part] for part in parts if total[part] >= _LEAST]
    if not shares:
        return None
    if not any(dropped.values()):
        return 1.0
    return max(shares) / (sum(dropped.values()) / sum(total.values()))
