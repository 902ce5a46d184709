"""
Where requests come in and where they go, as people write it.

    127.0.0.1:8080      host and port, as for the console
    unix:/run/proxy.sock    a path
    systemd:proxy       a socket unit's FileDescriptorName=, or its place: systemd:0

A model server is an address: http://host:port, https://host, http+unix://%2Frun%2Fmodel.sock.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from shadowmon.console.address import PORT_MAX, parse_address


UNIX, SYSTEMD = "unix:", "systemd:"

PATH_MAX_BYTES = 107
"""A Unix socket's path, without the zero at its end (unix(7))."""
_PORTS = {"http": 80, "https": 443}
_UNIT_NAME = re.compile(r"[!-9;-~]{1,255}")
"""sd_listen_fds_with_names(3): printable, without a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A TCP port."""

    host: str
    """Without brackets; empty for every address."""
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketPath:
    """A Unix stream socket."""

    path: Path

    def __str__(self) -> str:
        return f"{UNIX}{self.path}"


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


def parse_server(address: str) -> Port | SocketPath:
    """
    Return where a model server is.

    Raises:
        ValueError: If there is no host or no port in it; the message shows nothing of it.

    """
    if not (address.isascii() and address.isprintable()) or " " in address:
        msg = "holds a character that no address has"
        raise ValueError(msg)
    url = urlsplit(address)
    if url.username is not None or url.password is not None:
        msg = "must not hold a name or a password (set bearer_token, or headers)"
        raise ValueError(msg)
    if url.scheme == "http+unix":
        return parse_path(unquote(url.netloc))
    if not url.hostname:
        msg = "names no host"
        raise ValueError(msg)
    try:
        return Port(host=url.hostname, port=url.port or _PORTS[url.scheme])
    except ValueError:
        msg = f"has a port that is no number up to {PORT_MAX}"
        raise ValueError(msg) from None
