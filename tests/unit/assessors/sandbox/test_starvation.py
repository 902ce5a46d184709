from __future__ import annotations

import os
import subprocess
import sys

from shadowmon.assessors.sandbox import starvation
from shadowmon.assessors.sandbox.starvation import seconds_kept_waiting
from tests.conftest import wait_until


def test_lone_process():
    """Of a process without children the kernel tells how long it waited."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            wait_until(lambda: seconds_kept_waiting(process.pid, wrapped=False) > 0, seconds=20)
        finally:
            process.kill()


def test_busy_families_are_not_excused():
    """A process that has started another one keeps itself waiting."""
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with subprocess.Popen([sys.executable, "-c", program], start_new_session=True) as process:
        try:
            wait_until(lambda: _has_child(process.pid), seconds=20)
            assert seconds_kept_waiting(process.pid, wrapped=False) == 0.0
        finally:
            os.killpg(process.pid, 9)


def test_dead_process():
    """Of a process that is gone nothing is known, which excuses nothing."""
    assert seconds_kept_waiting(2**30, wrapped=False) == 0.0


def _has_child(parent: int) -> bool:
    return len(starvation._descendants(parent)) > 1
