"""What the supervisor handed over to the control process: descriptors, and where they come from."""

from __future__ import annotations

import argparse
import json
import socket

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from shadowmon.config.settings import Settings
from shadowmon.config.wire import from_wire
from shadowmon.daemon.scoring_worker import read_whole
from shadowmon.ipc.board import Board


_NEEDED = ("settings", "board", "handover", "report", "counted", "console", "lock")
_LISTENERS = ("tap", "events", "ext-proc")
"""Those that the configuration may leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the supervisor handed over."""

    settings: Settings
    path: Path | None
    overrides: Mapping[str, Any]
    board: Board
    handover: socket.socket
    report: socket.socket
    console: socket.socket
    lock_fd: int
    counted_fd: int
    tap: socket.socket | None
    events: socket.socket | None
    ext_proc: socket.socket | None

    @classmethod
    def of(cls, argv: Sequence[str] | None) -> Self:
        """Read it off the command line."""
        parser = argparse.ArgumentParser(prog="shadowmon.daemon.control_process")
        for name in _NEEDED:
            parser.add_argument(f"--{name}-fd", type=int, required=True)
        for name in _LISTENERS:
            parser.add_argument(f"--{name}-fd", type=int)
        parser.add_argument("--path", type=Path)
        parser.add_argument("--overrides", type=json.loads, default={})
        given = parser.parse_args(argv)
        return cls(
            settings=from_wire(read_whole(given.settings_fd)),
            path=given.path,
            overrides=given.overrides,
            board=Board(given.board_fd),
            handover=_socket(given.handover_fd),
            report=_socket(given.report_fd),
            console=_socket(given.console_fd),
            lock_fd=given.lock_fd,
            counted_fd=given.counted_fd,
            tap=_socket_or_none(given.tap_fd),
            events=_socket_or_none(given.events_fd),
            ext_proc=_socket_or_none(given.ext_proc_fd),
        )


def _socket(fd: int) -> socket.socket:
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    return sock


def _socket_or_none(fd: int | None) -> socket.socket | None:
    return None if fd is None else _socket(fd)
