"""
Signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com): who sent it, all of it?

`v1,` and base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`. A receiver refuses what is older
than a few minutes, and an id that it has had before. Several signatures, one for each secret,
stand beside each other while a secret is being exchanged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from collections.abc import Sequence


PREFIX = "whsec_"
_SECRET_MIN_BYTES, _SECRET_MAX_BYTES = 24, 64


def parse_secret(text: str) -> bytes:
    """
    Read a secret as it is handed out: `whsec_` and base64.

    Raises:
        ValueError: If it is none; the message shows nothing of it.

    """
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        msg = f"is not {PREFIX} and base64"
        raise ValueError(msg) from None
    if not _SECRET_MIN_BYTES <= len(secret) <= _SECRET_MAX_BYTES:
        msg = f"must be {_SECRET_MIN_BYTES} to {_SECRET_MAX_BYTES} bytes before base64"
        raise ValueError(msg)
    return secret


def signed(
    secrets: Sequence[bytes], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """
    Return the headers that a message is sent with.

    Args:
        secrets: One signature is made with each.
        message_id: The same for each try; must hold no full stop.
        timestamp: Seconds since 1970, of this try.
        body: Exactly as it is sent.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
