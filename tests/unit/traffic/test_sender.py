"""Who may tell us of production."""

from __future__ import annotations

import base64

import pytest

from shadowmon.traffic.sender import may_send


def basic(text):
    """Return the header of HTTP's basic scheme."""
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer t0ken"},
        {"authorization": "bearer  t0ken "},
        basic("any:t0ken"),
        basic(":t0ken"),
    ],
)
def test_the_token_opens(headers):
    """As a bearer token, or as the password of the address that a logger was given."""
    assert may_send(headers, "t0ken")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "t0ken"},
        {"authorization": "Digest t0ken"},
        {"authorization": "Bearer t0ke"},
        {"authorization": "Bearer é"},
        {"authorization": "Basic !"},
        basic("t0ken"),
        basic("t0ken:"),
    ],
)
def test_nothing_else_opens(headers):
    """Another token, another scheme, or none."""
    assert not may_send(headers, "t0ken")


@pytest.mark.parametrize("mark", ["origin", "sec-fetch-site"])
@pytest.mark.parametrize("token", [None, "t0ken"])
def test_a_browser_never_sends(mark, token):
    """A page of any site could post from the browser of someone who can reach us."""
    assert not may_send({mark: "x", "authorization": "Bearer t0ken"}, token)


def test_without_a_token_everyone_who_reaches_it_may_send():
    """Whether that may be is asked of the configuration."""
    assert may_send({}, None)
