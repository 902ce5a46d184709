"""Who asked, without keeping who."""

from __future__ import annotations

import pytest

from shadowmon.traffic.asker import asker_of
from shadowmon.traffic.settings import StickySettings
from tests.factories import an_exchange


BY_HEADER = StickySettings(header="X-User-Id")
BY_COOKIE = StickySettings(cookie="sid")


@pytest.mark.parametrize(
    ("sticky", "headers"),
    [
        (BY_HEADER, (("x-user-id", "alice"),)),
        (BY_HEADER, (("accept", "*/*"), ("x-user-id", " alice "))),
        (BY_COOKIE, (("cookie", "a=b; sid=alice; c=d"),)),
        (BY_COOKIE, (("cookie", "a=b"), ("cookie", 'sid="alice"'))),
    ],
)
def test_the_same_user_is_the_same_digest_and_no_name(sticky, headers):
    """However the key is sent, it stands for the same user, and is not kept."""
    asker = asker_of(an_exchange(headers=headers), sticky)

    assert asker == asker_of(an_exchange(headers=(("x-user-id", "alice"),)), BY_HEADER)
    assert "alice" not in asker
    assert asker != asker_of(an_exchange(headers=(("x-user-id", "bob"),)), BY_HEADER)


@pytest.mark.parametrize("sticky", [BY_HEADER, BY_COOKIE, StickySettings()])
def test_who_names_nobody_is_on_their_own(sticky):
    """Without a key there is no cluster."""
    assert asker_of(an_exchange(headers=(("cookie", "sid2=x"), ("other", "y"))), sticky) == ""
