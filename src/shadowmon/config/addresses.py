"""
Where requests come in, as people write it: a port, a Unix socket, or what systemd opened.

    127.0.0.1:8080      host and port, as for the console
    unix:/run/proxy.sock    a path
    systemd:proxy       a socket unit's FileDescriptorName=, or its place: systemd:0
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from shadowmon.console.address import parse_address


UNIX, SYSTEMD = "unix:", "systemd:"

PATH_MAX_BYTES = 107
"""A Unix socket's path, without the zero at its end (unix(7))."""
_UNIT_NAME = re.compile(r"[!-9;-~]{1,255}")
"""sd_listen_fds_with_names(3): printable, without a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A TCP port."""

    host: str
    """Without brackets; empty for every address."""
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketPath:
    """A Unix stream socket."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """A socket that systemd opened, and hands over at the start."""

    name: str
    """Its name, or its place from 0."""


Listening: TypeAlias = Port | SocketPath | Inherited


def parse_listening(text: str) -> Listening:
    """
    Read where to listen.

    Raises:
        ValueError: If it is none of the three forms: what was found, what is allowed.

    """
    if text.startswith(UNIX):
        return parse_path(text.removeprefix(UNIX))
    if text.startswith(SYSTEMD):
        name = text.removeprefix(SYSTEMD)
        if not _UNIT_NAME.fullmatch(name):
            msg = f'"{text}" names no socket (write systemd:name, such as systemd:proxy)'
            raise ValueError(msg)
        return Inherited(name=name)
    host, port = parse_address(text)
    return Port(host=host, port=port)


def parse_path(text: str) -> SocketPath:
    """
    Read a Unix socket's path.

    Raises:
        ValueError: If it is none; the message shows nothing of it.

    """
    if not text.startswith("/") or not text.isprintable() or text.endswith("/"):
        msg = "is no path of a socket (write unix:/run/proxy.sock, or http+unix://%2Frun%2Fm.sock)"
        raise ValueError(msg)
    if len(text.encode()) > PATH_MAX_BYTES:
        msg = f"a socket's path has at most {PATH_MAX_BYTES} bytes, this one {len(text.encode())}"
        raise ValueError(msg)
    return SocketPath(path=Path(text))
