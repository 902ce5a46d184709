"""Where an error came from, without its words."""

from __future__ import annotations

import pytest

from shadowmon.daemon.whereabouts import whereabouts


def stumble() -> None:
    try:
        int("canary-1")
    except ValueError as cause:
        msg = "canary-2"
        raise KeyError(msg) from cause


def test_no_words() -> None:
    """The class and the places are told, and nothing of what the error quotes, nor its cause."""
    with pytest.raises(KeyError) as found:
        stumble()
    told = whereabouts(found.value)

    assert told.startswith("KeyError < test_whereabouts.py:")
    assert "canary" not in told
