"""
Where users come in: one listening socket, plain or behind TLS, whose certificate may change.

A new certificate is for whoever comes from then on; who has come in by the old one stays.

Rule 1: a certificate that cannot be used changes nothing; the door stays as it was, and says why.
Rule 2: only HTTP/1.1 is offered (RFC 7301), and nothing older than TLS 1.2.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl

from pathlib import Path

from shadowmon.clock import Clock
from shadowmon.proxy.entrance import Entrance
from shadowmon.proxy.plan import PlannedTls
from shadowmon.proxy.reach import Say
from shadowmon.proxy.station import Station
from shadowmon.proxy.vestibule import Vestibule


BACKLOG = 1024
_LOOKED_AT_EVERY_SECONDS = 1.0


class Door:
    """Accepts users on one listening socket."""

    def __init__(
        self,
        listener: socket.socket,
        station: Station,
        tasks: asyncio.TaskGroup,
        *,
        tls: PlannedTls | None,
        say: Say,
    ) -> None:
        """
        Make one that is not open yet.

        Args:
            listener: Stays open when the door closes.
            station: Looks after users.
            tasks: Where connections are made ready.
            tls: None: users speak plainly.
            say: Told of a certificate that was taken up, or could not be.

        """
        self._listener = listener
        self._station = station
        self._tasks = tasks
        self._tls = tls
        self._say = say
        self._entrance: Entrance | None = None
        self._vestibule: Vestibule | None = None
        self._seen: object = None

    def open(self) -> None:
        """
        Accept users.

        Raises:
            OSError: If the certificate cannot be used (`ssl.SSLError` is one).

        """
        self._seen = self._state_of_files()
        context = server_context(self._tls) if self._tls else None
        self._vestibule = Vestibule(self._station, self._tasks, context)
        # Whoever accepts on a socket closes it in the end. Not `socket.dup`, which would make it
        # block, for a moment, in all processes that share it.
        own = socket.socket(fileno=os.dup(self._listener.fileno()))
        own.listen(BACKLOG)
        self._entrance = Entrance(own, self._station.manners, self._vestibule.let_in)
        self._entrance.open()

    def close(self) -> None:
        """Accept nobody any more."""
        if self._entrance is not None:
            self._entrance.close()

    async def watch(self, clock: Clock) -> None:
        """Look at the files again and again, for ever; take up what has changed."""
        while self._tls is not None:
            await clock.sleep(_LOOKED_AT_EVERY_SECONDS)
            self._take_up(self._tls)

    def _take_up(self, tls: PlannedTls) -> None:
        state = self._state_of_files()
        if state == self._seen:
            return
        self._seen = state
        try:
            context = server_context(tls)
        except OSError as error:
            self._say("proxy.certificate_refused", {"why": str(error)})
            return
        if self._vestibule is not None:
            self._vestibule.context = context
        self._say("proxy.certificate_changed", {"why": tls.certificate})

    def _state_of_files(self) -> object:
        """Return what differs when a file was written, replaced, or its link moved."""
        states = []
        for path in self._tls.files if self._tls else ():
            with contextlib.suppress(OSError):
                found = Path(path).stat()
                states.append((path, found.st_ino, found.st_mtime_ns, found.st_size))
        return states


def server_context(tls: PlannedTls) -> ssl.SSLContext:
    """
    Return what users' TLS is made with.

    Raises:
        OSError: If a file cannot be read, or is not what it must be.

    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _no_password() -> str:
    """Keep OpenSSL from asking at the terminal for an encrypted key's password."""
    return ""
