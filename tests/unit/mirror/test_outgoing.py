"""What a shadow call sends."""

from __future__ import annotations

from shadowmon.mirror.outgoing import headers_of, url_of
from shadowmon.mirror.settings import MirrorSettings, ModelSettings


MODEL = ModelSettings(url="http://model:8000")


def test_default_drops_are_dropped() -> None:
    """Whatever the settings drop is dropped, in any case of letters."""
    theirs = tuple((name, "secret") for name in MirrorSettings().drop_headers)

    assert headers_of(MODEL, theirs, drop_headers=MirrorSettings().drop_headers) == [
        ("x-shadowmon-shadow", "1")
    ]
    assert headers_of(MODEL, (("x-key", "secret"),), drop_headers=("X-Key",)) == [
        ("x-shadowmon-shadow", "1")
    ]


def test_line_breaks_cannot_smuggle_a_header() -> None:
    """A line break in a value becomes a space."""
    found = headers_of(MODEL, (("x-a", "1\r\nx-b: 2\0"),), drop_headers=())

    assert found[0] == ("x-a", "1  x-b: 2 ")


def test_user_cannot_set_our_mark() -> None:
    """Our mark is said once, by us."""
    found = headers_of(MODEL, (("x-shadowmon-shadow", "0"),), drop_headers=())

    assert found == [("x-shadowmon-shadow", "1")]


def test_absolute_form_goes_to_the_model_all_the_same() -> None:
    """The host in a proxy's absolute form is never called."""
    assert url_of(MODEL, "http://evil.example/a?b") == "http://model:8000/a?b"
    assert url_of(MODEL, "@evil.example/a") == "http://model:8000/"
