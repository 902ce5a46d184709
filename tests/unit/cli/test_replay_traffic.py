"""What is said beside the verdict of a replay of traffic, and its exit code."""

from __future__ import annotations

import argparse

from pathlib import Path
from typing import Any

import pytest

from shadowmon.cli.replay_traffic import exit_code
from shadowmon.daemon.replay_run import Done


def ended(*, speed=None, output=None, resume=False, **changes):
    """Return the exit code of a replay of ten requests; any field may be named."""
    told: dict[str, Any] = {
        "requests": 10,
        "begun": 10,
        "resumed": 0,
        "asked": 10,
        "behind_seconds": 0.0,
        "is_timed": True,
        "stopped_by": "",
    }
    arguments = argparse.Namespace(speed=speed, output=output, resume=resume)
    return exit_code(arguments, Done(**told | changes))


def test_all_is_done(capsys):
    """If everything was done nothing is said."""
    assert ended() == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        ({"begun": 4}, 130, "stopped after 4 of 10 requests; nothing was kept to go on with"),
        ({"begun": 4, "output": Path("p")}, 130, "; the same command with --resume goes on"),
        ({"begun": 4, "output": Path("p"), "resume": True}, 130, "; the same command goes on"),
        ({"begun": 4, "stopped_by": "x is down"}, 1, "x is down: stopped after 4 of 10 requests"),
        ({"behind_seconds": 7.0}, 0, "the latest request was 7 s late"),
        ({"is_timed": False, "speed": "2"}, 0, "the recording has no times"),
    ],
)
def test_what_is_to_be_known(capsys, told, code, said):
    """Whatever a person would not expect is said on stderr."""
    assert ended(**told) == code
    assert said in capsys.readouterr().err
