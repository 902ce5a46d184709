"""
Keep this exchange? Pure: by the exchange's id and a salt, so that every replica says the same.

A share that is raised keeps whatever was kept before, and the salt is not the rollout's: the sample
is no subset of one model's users (see `sticky`).
"""

from __future__ import annotations

from shadowmon import sticky
from shadowmon.records import ExchangeId


SALT_MAX = 64
"""Bytes (BLAKE2b's key, RFC 7693)."""


class Sampling:
    """Says which exchanges of a route are watched."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()
        if len(self._salt) > SALT_MAX:
            msg = f"sampling_salt has {len(self._salt)} bytes of UTF-8; at most {SALT_MAX} are used"
            raise ValueError(msg)

    def is_kept(self, exchange_id: ExchangeId, rate: float) -> bool:
        """
        Say whether this exchange is watched.

        Args:
            exchange_id: What names the exchange.
            rate: Share that is watched, in 0..1, rounded to a basis point; above 0 at least one.
        """
        share = round(rate * sticky.SPAN)
        if rate > 0:
            share = max(share, 1)
        return sticky.place(self._salt, exchange_id.encode("utf-8", "surrogatepass")) < share
