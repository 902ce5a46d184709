"""What the control process holds after many ticks is what it held after few."""

from __future__ import annotations

import subprocess
import sys

from tests.integration.daemon.growing import MANY


def test_ticks_leave_nothing_behind(tmp_path):
    """
    With growing evidence a tick, its commit and its picture leave less than two objects: nothing
    is kept, and nothing waits in circles for a collector that seldom comes.
    """
    command = [sys.executable, "-m", "tests.integration.daemon.growing", str(tmp_path / "it.db")]

    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert int(printed.stdout.splitlines()[-1]) < 2 * MANY
