"""What a daemon's processes load before they can serve."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("process", "heavy"),
    [
        ("supervisor", {"aiohttp", "scipy", "sqlalchemy"}),
        ("control_process", {"scipy.optimize", "scipy.stats"}),
    ],
)
def test_no_process_loads_what_it_does_not_need(process: str, heavy: set[str]) -> None:
    """The supervisor speaks to nobody, and no statistics package holds the first weights up."""
    program = f"import sys, shadowmon.daemon.{process}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert not heavy & set(loaded.stdout.split())
