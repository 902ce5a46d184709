"""
May this sender tell us of production? Pure.

Whoever can send events can make evidence, and evidence moves traffic.

Rule 1: with a token configured the token decides. A logger can be given an address only, so the
        password of HTTP's basic scheme (RFC 7617) counts too.
Rule 2: a browser is never a sender, whatever it carries: a page of any site could post from it.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from collections.abc import Mapping


def may_send(headers: Mapping[str, str], token: str | None) -> bool:
    """
    Say whether events of this request are taken.

    Args:
        headers: Any case-insensitive mapping of a request's headers.
        token: The configured one; None if none is asked for.
    """
    if "origin" in headers or "sec-fetch-site" in headers:
        return False
    return token is None or _carries(headers.get("authorization", ""), token)


def _carries(authorization: str, token: str) -> bool:
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() == "basic":
        sent = _password(sent)
    elif scheme.lower() != "bearer":
        return False
    # Compared as bytes, for compare_digest refuses text beyond ASCII, and in constant time.
    return hmac.compare_digest(sent.strip().encode("utf-8", "replace"), token.encode())


def _password(credentials: str) -> str:
    try:
        told = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return told.partition(":")[2]
