"""Signatures of Standard Webhooks."""

from __future__ import annotations

import base64

from datetime import UTC, datetime

import pytest

from standardwebhooks import Webhook

from shadowmon.outbound.signature import parse_secret, signed


SECRET = base64.b64encode(b"a secret of some thirty bytes ..").decode()


def test_signatures_are_those_of_the_standards_own_library():
    """Byte for byte."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    headers = signed(
        [parse_secret("whsec_" + SECRET)],
        message_id="weight_1",
        timestamp=int(at.timestamp()),
        body=b'{"a": 1}',
    )
    assert headers["webhook-signature"] == Webhook(SECRET).sign("weight_1", at, '{"a": 1}')


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_hunter2!", "whsec_" + "QUJD", "whsec_" + "A" * 200]
)
def test_what_is_no_secret_is_refused_without_being_shown(secret):
    """A short one could be guessed."""
    with pytest.raises(ValueError, match=r"base64") as caught:
        parse_secret(secret)
    assert secret not in str(caught.value)
