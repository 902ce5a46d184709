"""Listening addresses."""

from __future__ import annotations

import pytest

from shadowmon.console.address import is_every_address, is_loopback, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9180", ("127.0.0.1", 9180)),
        ("localhost:1", ("localhost", 1)),
        ("[::1]:8080", ("::1", 8080)),
        ("[2001:db8::1]:65535", ("2001:db8::1", 65535)),
        (":9180", ("", 9180)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("console_1.example.org:80", ("console_1.example.org", 80)),
    ],
)
def test_address(text, address):
    """Host and port are read; an IPv6 address loses its brackets."""
    assert parse_address(text) == address


NO_ADDRESSES = ["", "127.0.0.1", "9180", "::1:8080", "[::1]", "[::1:80", "[localhost]:80", "a b:80"]
NOR_THESE = ["x:80\n", "x:99999", "x:-1", "x:8o", "http://x:80", "x:80/", "[1.2.3]:80", "x:\u0661"]


@pytest.mark.parametrize("text", NO_ADDRESSES + NOR_THESE)
def test_no_address(text):
    """Anything else is refused, and the message shows what would do."""
    with pytest.raises(ValueError, match=r"such as 127|ports go up|write \[::1\]"):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.example.org", False),
        ("my-machine", False),
    ],
)
def test_loopback(host, near):
    """Only what surely stays on this machine is called loopback."""
    assert is_loopback(host) is near


def test_every_address():
    """No host, and the unspecified addresses, mean every address."""
    assert [host for host in ("", "0.0.0.0", "::", "127.0.0.1", "x") if is_every_address(host)] == [
        "",
        "0.0.0.0",
        "::",
    ]
