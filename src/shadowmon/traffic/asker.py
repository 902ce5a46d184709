"""
Who asked? A digest of what a user or session is known by. Pure.

Requests of one user are not independent of one another: the evidence counts a user's requests
together (evidence/clusters.py). Nothing of the key itself is kept.
"""

from __future__ import annotations

from hashlib import blake2b

from shadowmon.records import Exchange
from shadowmon.traffic.settings import StickySettings


def asker_of(exchange: Exchange, sticky: StickySettings) -> str:
    """
    Return sixteen hexadecimal digits that stand for the user; empty where none is named.

    Args:
        exchange: The request.
        sticky: The header or cookie that names the user.
    """
    return digest_of(_header(exchange, sticky.header) or _cookie(exchange, sticky.cookie))


def digest_of(key: str) -> str:
    """Return sixteen hexadecimal digits that stand for a user's key; empty where there is none."""
    return blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest() if key else ""


def _header(exchange: Exchange, name: str | None) -> str:
    if name is None:
        return ""
    return next((value for each, value in exchange.headers if each == name.lower()), "").strip()


def _cookie(exchange: Exchange, name: str | None) -> str:
    if name is None:
        return ""
    for field in (value for each, value in exchange.headers if each == "cookie"):
        for pair in field.split(";"):
            each, _, value = pair.strip().partition("=")
            if each == name:
                return value.strip().strip('"')
    return ""
