"""Where requests come in, as people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowmon.config.addresses import Inherited, Port, SocketPath, parse_listening


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:8080", Port(host="127.0.0.1", port=8080)),
        (":80", Port(host="", port=80)),
        ("[::1]:80", Port(host="::1", port=80)),
        ("unix:/run/a.sock", SocketPath(path=Path("/run/a.sock"))),
        ("systemd:proxy", Inherited(name="proxy")),
        ("systemd:0", Inherited(name="0")),
    ],
)
def test_a_place_is_read(text, place):
    """A port, a path, or what systemd opened."""
    assert parse_listening(text) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8080", "is not an address"),
        ("unix:run/a.sock", "is no path of a socket"),
        ("unix:", "is no path of a socket"),
        ("unix:/run/", "is no path of a socket"),
        ("unix:/" + "a" * 107, "has at most 107 bytes, this one 108"),
        ("systemd:", "names no socket"),
        ("systemd:a:b", "names no socket"),
    ],
)
def test_a_place_that_is_none_is_told(text, words):
    """What was found, and how to write it."""
    with pytest.raises(ValueError, match=words):
        parse_listening(text)
