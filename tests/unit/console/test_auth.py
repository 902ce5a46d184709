"""Who may do what."""

from __future__ import annotations

import pytest

from shadowmon.console.auth import (
    NO_REVIEWER,
    NO_REVIEWER_TOKEN,
    NO_TOKEN,
    NOT_LOCAL,
    OTHER_SITE,
    Door,
    Marks,
    Tokens,
    is_token,
    refusal,
)


TOKEN = "s3cret-token"


def marks(**changes):
    """Return a POST from this machine itself."""
    return Marks(**({"method": "POST", "peer": "127.0.0.1", "host": "127.0.0.1:9180"} | changes))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_reading_is_free(method, token):
    """Whoever can connect may read, whatever the page it comes from."""
    far = marks(method=method, peer="10.0.0.1", origin="http://evil.example")

    assert refusal(far, tokens=Tokens(operator=token)) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_whatever_is_not_reading_is_asked(method):
    """Every other method needs the token."""
    assert refusal(marks(method=method), tokens=Tokens(operator=TOKEN)) is NO_TOKEN


@pytest.mark.parametrize("sent", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_right_token(sent):
    """The token opens, from anywhere."""
    assert (
        refusal(marks(authorization=sent, peer="10.0.0.1"), tokens=Tokens(operator=TOKEN)) is None
    )


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer tökén",
        "Bearer \udcff",
    ],
)
def test_wrong_token(sent):
    """Anything else does not, not even from this machine; what was sent is never shown."""
    assert refusal(marks(authorization=sent), tokens=Tokens(operator=TOKEN)) is NO_TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1:9180", "localhost:9180", "[::1]:9180", "localhost"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_without_a_token(host, peer):
    """Without a token configured this machine itself may."""
    assert refusal(marks(host=host, peer=peer), tokens=Tokens()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"peer": "10.0.0.1"},
        {"peer": "::ffff:10.0.0.1"},
        {"peer": ""},
        {"forwarded": True},
        {"host": "evil.example:9180"},
        {"host": ""},
    ],
)
def test_others_without_a_token(changes):
    """Other machines, what a proxy passes on, and another name for this one (rebinding) may not."""
    assert refusal(marks(**changes), tokens=Tokens()) is NOT_LOCAL


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9181"},
        {"origin": ""},
        {"origin": "http://["},
        {"origin": "http://[", "host": ""},
        {"fetch_site": "cross-site"},
        {"fetch_site": "same-site"},
    ],
)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_page_of_another_site(changes, token):
    """A browser that acts for another site is refused, even with the token."""
    found = refusal(
        marks(authorization=f"Bearer {TOKEN}", **changes), tokens=Tokens(operator=token)
    )

    assert found is OTHER_SITE


def test_page_of_our_own():
    """A page of this very address may act."""
    ours = marks(origin="http://127.0.0.1:9180", fetch_site="same-origin")

    assert refusal(ours, tokens=Tokens()) is None


@pytest.mark.parametrize("text", ["a", "abc-._~+/09==", "A" * 100])
def test_token_that_can_be_sent(text):
    """A b64token can be sent."""
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a=b", "=", "é", "a\n", "a,b"])
def test_token_that_cannot(text):
    """Anything else cannot."""
    assert not is_token(text)


# --- reviewers ---

BOTH = Tokens(operator=TOKEN, reviewer="reviewer-token")
REVIEWS = [
    (BOTH, TOKEN, None),
    (BOTH, "reviewer-token", None),
    (BOTH, None, NO_REVIEWER_TOKEN),
    (BOTH, "another", NO_REVIEWER_TOKEN),
    (Tokens(operator=TOKEN), TOKEN, None),
    (Tokens(operator=TOKEN), None, NO_REVIEWER_TOKEN),
    (Tokens(reviewer="reviewer-token"), "reviewer-token", None),
    (Tokens(reviewer="reviewer-token"), None, NO_REVIEWER_TOKEN),
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(("tokens", "sent", "expected"), REVIEWS)
def test_reviewing(method, tokens, sent, expected):
    """Users' texts are for a reviewer's token or the operator's, even if they are only read."""
    asked = marks(method=method, authorization=sent and f"Bearer {sent}")

    assert refusal(asked, tokens=tokens, door=Door.REVIEW) is expected


@pytest.mark.parametrize("changes", [{"peer": "10.0.0.1"}, {"host": "evil.example:9180"}])
def test_reviewing_without_a_token(changes):
    """Without any token users' texts stay on this machine, whatever name it is called by."""
    asked, ours = marks(method="GET", **changes), marks(method="GET")

    assert refusal(asked, tokens=Tokens(), door=Door.REVIEW) is NO_REVIEWER
    assert refusal(ours, tokens=Tokens(), door=Door.REVIEW) is None


def test_a_page_of_another_site_reads_no_texts():
    """A browser that acts for another site is not even let read them."""
    asked = marks(method="GET", fetch_site="cross-site", authorization=f"Bearer {TOKEN}")

    assert refusal(asked, tokens=BOTH, door=Door.REVIEW) is OTHER_SITE


def test_a_reviewer_does_not_operate():
    """A reviewer's token opens nothing but reviews."""
    asked = marks(authorization="Bearer reviewer-token")

    assert refusal(asked, tokens=BOTH) is NO_TOKEN
    assert refusal(asked, tokens=Tokens(reviewer="reviewer-token")) is None  # as this machine
    far = marks(authorization="Bearer reviewer-token", peer="10.0.0.1")
    assert refusal(far, tokens=Tokens(reviewer="reviewer-token")) is NOT_LOCAL


def test_a_gate_asks_nobody():
    """What changes nothing is asked for nothing, by whichever method it comes."""
    far = marks(peer="10.0.0.1", origin="http://evil.example")

    assert refusal(far, tokens=BOTH, door=Door.READ) is None
