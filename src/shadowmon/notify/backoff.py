"""
How long to wait before a message is tried again. Pure.

Doubling from one second to five minutes, and a part of it left to chance, so that not everybody
comes back at one time. The chance is drawn from the message's id: the same story waits the same.
"""

from __future__ import annotations

from hashlib import blake2b


FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
_DIGEST_BYTES = 8
_DOUBLINGS_MAX = 16


def delay(tries: int, *, seed: str, asked: float | None = None) -> float:
    """
    Return the seconds until the next try: between the whole delay and one and a half of it.

    Args:
        tries: How many there were, from 1 on.
        seed: The message's id.
        asked: What the receiver's Retry-After asked for; never less than that is waited, up to the
            longest delay.
    """
    whole = min(FIRST_SECONDS * (1 << min(tries - 1, _DOUBLINGS_MAX)), LONGEST_SECONDS)
    least = min(asked or 0.0, LONGEST_SECONDS)
    digest = blake2b(f"{seed}/{tries}".encode(), digest_size=_DIGEST_BYTES).digest()
    chance = int.from_bytes(digest) / (1 << 8 * _DIGEST_BYTES)
    return max(whole, least) * (1 + chance / 2)
