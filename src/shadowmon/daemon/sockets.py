"""
The listening sockets: opened once by the supervisor, or handed over by systemd.

They outlive every process that serves on them, so that a process that dies or is exchanged loses
no connection.

Rule: a Unix socket's file that nobody listens on any more is taken away; one that somebody listens
      on, and a file that is no socket, never are.
"""

from __future__ import annotations

import errno
import os
import socket
import stat

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowmon.config.addresses import Inherited, Listening, Port, SocketPath, parse_listening
from shadowmon.config.settings import Settings
from shadowmon.console.address import parse_address
from shadowmon.errors import Complaint, ConfigError


_BACKLOG = 1024
_FIRST_INHERITED = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""
_HINTS: Mapping[int | None, str] = {
    errno.EADDRINUSE: "something is there already: stop it, or choose another address",
    errno.EADDRNOTAVAIL: "it is no address of this machine",
    errno.EACCES: "a port below 1024 asks for CAP_NET_BIND_SERVICE, a file for its folder",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """All of them."""

    console: socket.socket
    proxy: socket.socket | None
    tap: socket.socket | None
    events: socket.socket | None
    ext_proc: socket.socket | None = None
    """Only holds the place: gRPC opens a socket of its own beside it, in the control process."""
    files: tuple[Path, ...] = ()
    """Of Unix sockets that we made."""

    @classmethod
    def open(cls, settings: Settings, environment: Mapping[str, str]) -> Sockets:
        """
        Listen everywhere.

        Args:
            settings: Say where.
            environment: Of this process; may tell of sockets that systemd opened.

        Raises:
            ConfigError: If one of the addresses cannot be had.

        """
        inherited = inherited_sockets(environment, pid=os.getpid())

        def listen(key: str, address: str | None) -> socket.socket | None:
            return None if address is None else listening_socket(key, address, inherited)

        return cls(
            console=listening_socket("console.listen", settings.console.listen, inherited),
            proxy=listen("proxy.listen", settings.proxy.listen),
            tap=listen("traffic.tap.listen", settings.traffic.tap.listen),
            events=listen("traffic.events.listen", settings.traffic.events.listen),
            ext_proc=(
                None
                if settings.traffic.ext_proc.listen is None
                else held_place("traffic.ext_proc.listen", settings.traffic.ext_proc.listen)
            ),
            files=_files(
                (
                    settings.proxy.listen,
                    settings.traffic.tap.listen,
                    settings.traffic.events.listen,
                )
            ),
        )

    def forget(self) -> None:
        """Take the files of Unix sockets away; nobody can connect by them any more."""
        for file in self.files:
            file.unlink(missing_ok=True)


def _files(addresses: Iterable[str | None]) -> tuple[Path, ...]:
    """Return the files that are ours; what systemd opened is systemd's, for our successor."""
    places = [parse_listening(address) for address in addresses if address is not None]
    return tuple(place.path for place in places if isinstance(place, SocketPath))


def inherited_sockets(environment: Mapping[str, str], *, pid: int) -> dict[str, int]:
    """
    Return descriptors by name and by place, after the protocol of sd_listen_fds(3).

    What is meant for another process (LISTEN_PID) is not ours.
    """
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(pid) or not count.isdecimal():
        return {}
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, int] = {}
    for place in range(int(count)):
        fd = _FIRST_INHERITED + place
        found[str(place)] = fd
        if place < len(names) and names[place]:
            found.setdefault(names[place], fd)
    return found


def listening_socket(key: str, address: str, inherited: Mapping[str, int]) -> socket.socket:
    """
    Open one, or take the one that was handed over.

    Args:
        key: The setting, for what it may have to be told.
        address: See `config.addresses`.
        inherited: From `inherited_sockets`.

    Raises:
        ConfigError: If it cannot be had.

    """
    try:
        sock = _opened(parse_listening(address), inherited)
        sock.listen(_BACKLOG)
    except (OSError, ValueError) as error:
        raise _refusal(key, address, error) from error
    sock.setblocking(False)
    return sock


def _refusal(key: str, address: str, error: OSError | ValueError) -> ConfigError:
    said, hint = str(error), ""
    if isinstance(error, OSError):
        said, hint = error.strerror or said, _HINTS.get(error.errno, "")
    problem = f"cannot listen on {address}: {said}"
    return ConfigError(Complaint(key=key, problem=problem, hint=hint))


def held_place(key: str, address: str) -> socket.socket:
    """
    Hold a port for a server that opens its own socket.

    A socket that shares its port and does not listen gets no connection, and keeps others off.

    Args:
        key: The setting, for what it may have to be told.
        address: host:port.

    Raises:
        ConfigError: If somebody else has it.

    """
    try:
        host, port = parse_address(address)
        # Two that share would not notice each other; one that does not share does.
        _bound_to_port(host, port).close()
        return _bound_to_port(host, port, is_shared=True)
    except (OSError, ValueError) as error:
        raise _refusal(key, address, error) from error


def _opened(place: Listening, inherited: Mapping[str, int]) -> socket.socket:
    match place:
        case Port(host=host, port=port):
            return _bound_to_port(host, port)
        case SocketPath(path=path):
            return _bound_to_path(path)
        case Inherited(name=name):
            return _inherited(name, inherited)


def _bound_to_port(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return _bound(family, (host, port), is_shared=is_shared)


def _bound_to_path(path: Path) -> socket.socket:
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _is_listened_on(path):
        path.unlink()
    return _bound(socket.AF_UNIX, str(path))


def _bound(
    family: socket.AddressFamily, address: tuple[str, int] | str, *, is_shared: bool = False
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    # Not both: beside one that may reuse the address and does not listen, anybody may.
    option = socket.SO_REUSEPORT if is_shared else socket.SO_REUSEADDR
    sock.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            sock.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True


def _inherited(name: str, inherited: Mapping[str, int]) -> socket.socket:
    if name not in inherited:
        there = ", ".join(inherited) or "none (LISTEN_FDS and LISTEN_PID are for another process)"
        msg = f"no socket of that name was handed over; there are: {there}"
        raise ValueError(msg)
    sock = socket.socket(fileno=os.dup(inherited[name]))
    if sock.type != socket.SOCK_STREAM:
        sock.close()
        msg = "the socket that was handed over is none for streams"
        raise ValueError(msg)
    return sock
