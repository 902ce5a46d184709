"""Whether a deadline that passed was the process's own fault."""

from __future__ import annotations

import os

import pytest

from shadowmon.daemon.running_time import Look, is_starved, look_at


def a_look(cpu_seconds: float, *, is_runnable: bool = True) -> Look:
    """Return what the kernel may say."""
    return Look(cpu_seconds=cpu_seconds, is_runnable=is_runnable)


@pytest.mark.parametrize(
    ("began", "now", "starved"),
    [
        (a_look(5.0), a_look(5.1), True),
        (a_look(5.0), a_look(6.0), False),
        (a_look(5.0), a_look(5.1, is_runnable=False), False),
        (None, a_look(5.1), False),
        (a_look(5.0), None, False),
    ],
    ids=["kept off", "had its time", "waits for something", "unknown before", "gone"],
)
def test_only_who_wants_to_run_and_may_not_is_starved(
    began: Look | None, now: Look | None, starved: bool
) -> None:
    """A deadline of a second is put off for nobody else."""
    assert is_starved(began, now, 1.0) is starved


def test_the_kernel_is_asked() -> None:
    """Whoever asks of itself is running, and has run."""
    seen = look_at(os.getpid())

    assert seen is not None
    assert seen.is_runnable
    assert seen.cpu_seconds > 0


def test_nobody_has_no_look() -> None:
    """A process that there is not has not run."""
    assert look_at(2**22 + 1) is None
