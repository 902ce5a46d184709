"""
A salted, sticky place for a key on the line from 0 to 9,999 basis points.

One function for two uses, kept apart by their salts: which requests are sampled, and which users
the optimized model serves. With one salt for both, the sample would be a subset of one arm.

Raising a share moves keys one way only: whoever was below 100 is below 1,000.
"""

from __future__ import annotations

from hashlib import blake2b


SPAN = 10_000
"""Basis points in the whole."""


def place(salt: bytes, key: bytes) -> int:
    """
    Return where `key` stands, uniform in 0 .. 9,999, the same on every machine and every day.

    Args:
        salt: At most 64 bytes (BLAKE2b's key, RFC 7693); another salt is another, independent line.
        key: What must stay together: a user's id, else the request's own id; never a constant.
    """
    digest = blake2b(key, digest_size=8, key=salt).digest()
    return (int.from_bytes(digest, "big") * SPAN) >> 64


def salt_of(salt: str, route: str = "") -> bytes:
    """Make a salt of the length that `place` takes; another one for each route."""
    encoded = salt.encode()
    if not route and len(encoded) <= blake2b.MAX_KEY_SIZE:
        return encoded
    return blake2b(encoded + b"\x00" + route.encode(), digest_size=32).digest()
