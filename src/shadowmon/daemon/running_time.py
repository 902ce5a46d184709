"""
How long a process could have run: a deadline on a full machine must not take waiting for a CPU for
hanging. Linux only, by /proc (proc(5)).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


_NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the kernel says of a process at one moment."""

    cpu_seconds: float
    """That its main thread has run."""
    is_runnable: bool
    """It runs, or waits for nothing but a CPU."""


def look_at(process_id: int) -> Look | None:
    """Return what the kernel says; None if there is no such process, or no such kernel."""
    folder = Path(f"/proc/{process_id}")
    try:
        state = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0]
        ran = (folder / "schedstat").read_bytes().split()[0]
    except (OSError, IndexError):
        return None
    return Look(cpu_seconds=int(ran) / _NANOSECONDS, is_runnable=state == b"R")


def is_starved(began: Look | None, now: Look | None, deadline_seconds: float) -> bool:
    """
    Say whether a process that let a deadline pass had no chance to keep it.

    Args:
        began: When the time began.
        now: At its end.
        deadline_seconds: That it had.

    """
    if began is None or now is None or not now.is_runnable:
        return False
    return now.cpu_seconds - began.cpu_seconds < deadline_seconds
