"""
A scorer process: `python -m shadowmon.daemon.scorer_process --fd N`.

It may crash, hang or eat memory: that is what it is a process for. It reads pairs from the socket
that it inherited and answers with what the scorers observed, one batch at a time, until the other
side closes or dies. It ignores SIGINT and SIGTERM, which reach a whole process group or service:
the daemon still needs it while draining, and ends it itself.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import faulthandler
import importlib
import os
import resource
import signal
import socket
import sys

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shadowmon import plugins
from shadowmon.daemon import scorer_wire as wire
from shadowmon.ipc.frames import receive
from shadowmon.records import Pair
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.scorer import Scorer
from shadowmon.scoring.settings import ScoringSettings


EXIT_OUT_OF_MEMORY = 77
"""How the process says that it ran into its limit."""

_START_BYTES = 1024 * 1024 * 1024
"""Address space while the scorers are built, so that a smaller limit is refused in our words."""
_ROOM_BYTES = 64 * 1024 * 1024
"""What must be left of the limit once they are built."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def build_panels(
    panels: Mapping[str, Sequence[str]], settings: ScoringSettings
) -> dict[str, Panel]:
    """
    Return each trial's panel; a scorer that several trials name is built once.

    Raises:
        ConfigError: If a scorer's name is unknown.
        ValueError: If a scorer refuses its settings, or two of a panel declare the same metric.

    """
    scorers: dict[str, Scorer] = {}
    for name in {name for names in panels.values() for name in names}:
        scorers[name] = _scorer_class(name)(settings)
    return {
        trial: Panel({name: scorers[name] for name in names}) for trial, names in panels.items()
    }


def _scorer_class(name: str) -> Any:  # noqa: ANN401 - whatever the entry point names
    """Load by entry point; `module:Class` names a class outright, for tests."""
    module, colon, attribute = name.partition(":")
    if colon:
        return getattr(importlib.import_module(module), attribute)
    return plugins.load("scorers", name, key="scorers")


def serve(sock: socket.socket) -> None:
    """Answer until the other side is gone."""
    start = receive(sock)
    if start is None:
        return
    panels = _prepare(sock, wire.read_start(start))
    while panels and (message := receive(sock)) is not None:
        scored = [_score(panels, pair) for pair in wire.read_pairs(message)]
        sock.sendall(wire.frame(scored))


def _prepare(sock: socket.socket, start: wire.Start) -> dict[str, Panel]:
    """Build the panels and say so; return none if they cannot be built."""
    try:
        settings = ScoringSettings.model_validate_json(start.settings)
        _stand_aside(settings.nice, idle_class=start.idle_class)
        _limit_memory(max(settings.memory_max_bytes, _START_BYTES))
        panels = build_panels(start.panels, settings)
        _check_memory(settings.memory_max_bytes)
        _limit_memory(settings.memory_max_bytes)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's scorer may raise
        sock.sendall(wire.frame(wire.Ready(problem=f"{type(error).__name__}: {error}")))
        return {}
    sock.sendall(wire.frame(wire.Ready()))
    return panels


def _score(panels: Mapping[str, Panel], pair: Pair) -> wire.Scored:
    score = panels[pair.trial_id].score(pair)
    return wire.Scored(score.observations, dict(score.scorer_failures))


def _stand_aside(nice: int, *, idle_class: bool) -> None:
    """Be at least this nice, and leave no core behind: it would hold users' texts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), nice))
    if idle_class:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _limit_memory(size_bytes: int) -> None:
    """Have the kernel refuse more address space than this, for good; a stricter limit stands."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    size = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _check_memory(limit_bytes: int) -> None:
    """Refuse a limit that leaves no room to score anything."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    needed = pages * resource.getpagesize() + _ROOM_BYTES
    if limit_bytes < needed:
        msg = f"scoring.memory_max_bytes ({limit_bytes}) must be at least {needed} for its scorers"
        raise ValueError(msg)


def _die_with_parent() -> None:
    """
    Ask the kernel to kill this process when its parent dies (prctl(2)), even if it hangs.

    A parent that died before this call has closed the socket, which ends `serve`.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: Sequence[str]) -> int:
    """Serve on the inherited socket; return the exit code."""
    parser = argparse.ArgumentParser(prog="shadowmon.daemon.scorer_process")
    parser.add_argument("--fd", type=int, required=True)
    descriptor = parser.parse_args(arguments).fd
    _die_with_parent()
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    faulthandler.enable()
    with socket.socket(fileno=descriptor) as sock, contextlib.suppress(ConnectionError):
        try:
            serve(sock)
        except MemoryError:
            os._exit(EXIT_OUT_OF_MEMORY)  # no clean-up: it would need memory
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
