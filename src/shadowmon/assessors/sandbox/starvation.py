"""
Did a program run out of time, or was it never given any?

The sandbox runs when nobody else wants to. On a machine that is busy for long, any program would
seem to hang; the kernel knows how long a process stood ready and was kept waiting.
"""

from __future__ import annotations

from pathlib import Path


_PROC = Path("/proc")


def seconds_kept_waiting(root: int, *, wrapped: bool) -> float:
    """
    Return for how long a lone process stood ready to run, and was not let.

    0 for programs that start processes or threads: they keep themselves waiting.

    Args:
        root: The process that was started.
        wrapped: Are the root and its only child bubblewrap's, and the program's below them?

    """
    try:
        family = _descendants(root)
        task = _PROC / str(family[-1])
        if len(family) != (3 if wrapped else 1) or len([*(task / "task").iterdir()]) > 1:
            return 0.0
        _, waited_nanoseconds, _ = (task / "schedstat").read_text(encoding="ascii").split()
        return int(waited_nanoseconds) / 1e9
    except (OSError, ValueError):
        return 0.0


def _descendants(root: int) -> list[int]:
    """Return the process and all below it, each after its parent."""
    children: dict[int, list[int]] = {}
    for process in _PROC.iterdir():
        if process.name.isdigit() and (parent := _parent(process)):
            children.setdefault(parent, []).append(int(process.name))
    family = [root]
    for member in family:
        family += children.get(member, [])
    return family


def _parent(process: Path) -> int:
    """Return its parent's id; 0 if it is gone."""
    try:
        status = (process / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[1])
