"""The demo as a person runs it: the whole product in processes of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

from pathlib import Path

import pytest


ENDS_WITHIN_SECONDS = 90


def start(folder, *arguments):
    """Start `shadowmon demo` in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "shadowmon", "demo", "--folder", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_behind(folder):
    """Return the command lines of living processes that name the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has just ended
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_story_ends_as_it_must(tmp_path):
    """int8 climbs to the top and is taken back, int2 falls on a red line, no user has an error."""
    with start(tmp_path / "demo", "--seed", "2") as demo:
        said, _ = demo.communicate(timeout=ENDS_WITHIN_SECONDS)

    assert demo.returncode == 0, said
    assert "Everything ended as it must." in said
    assert "int8: climbed to 100 % of route digits" in said
    assert "int2: rolled back to 0 % of route digits: roll_back: core_quality" in said
    assert ", 0 errors that a user could see." in said
    assert not left_behind(tmp_path)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_it_in_order(tmp_path, number, code):
    """Told to stop in the middle, the demo stops all that it started, and says so by its code."""
    with start(tmp_path / "demo", "--keep-running") as demo:
        assert demo.stdout is not None
        assert any(line.startswith("Set up in") for line in demo.stdout)
        demo.send_signal(number)
        demo.communicate(timeout=30)

    assert demo.returncode == code
    assert not left_behind(tmp_path)


def test_folder_with_something_in_it_is_refused(tmp_path):
    """A journal is never overwritten: a folder that is not empty is refused at once."""
    (tmp_path / "something").touch()

    with start(tmp_path) as demo:
        said, _ = demo.communicate(timeout=30)

    assert demo.returncode == 1
    assert "is not empty; give a new folder" in said
