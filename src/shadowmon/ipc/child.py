"""
A process of ours that is asked and answers, over a socket that it inherits, and nothing else.

What it is asked, when it has had its time, and what its loss means is its link's matter
(daemon/scorer_link.py, assessors/symbolic_math_link.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping

from shadowmon.ipc.frames import HEAD


class Child:
    """A process that was started, and the socket to it. Asked by one task at a time."""

    def __init__(self, process: Process, sock: socket.socket) -> None:
        self.process = process
        self._sock = sock

    @classmethod
    async def start(
        cls, module: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> Child:
        """
        Start a module of ours with `--fd N`, the number of its socket, and `options`.

        Raises:
            OSError: If no process can be started.

        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-P", "-m", module, "--fd", str(theirs.fileno())),
                    *options,
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=environment,
                )
        except BaseException:
            ours.close()
            raise
        return cls(process, ours)

    @property
    def is_alive(self) -> bool:
        """Has it not been seen to end?"""
        return self.process.returncode is None

    async def exchange(self, frame: bytes, *, at_most: int) -> bytearray:
        """
        Send a frame and return the message that answers it.

        Raises:
            OSError: If the process is gone, or its message is longer than `at_most` bytes.

        """
        await asyncio.get_running_loop().sock_sendall(self._sock, frame)
        return await self.receive(at_most=at_most)

    async def receive(self, *, at_most: int) -> bytearray:
        """Return the next message. For errors see `exchange`."""
        (size,) = HEAD.unpack(await self._receive_exactly(HEAD.size))
        if size > at_most:
            msg = f"message of {size} bytes; at most {at_most} are allowed"
            raise OSError(msg)
        return await self._receive_exactly(size)

    async def kill(self) -> None:
        """End the process by force, and see that it has ended; twice is harmless."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    def hang_up(self) -> None:
        """Let the process read the end of its questions."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close our end of the socket."""
        self._sock.close()

    async def _receive_exactly(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        received = bytearray(size)
        rest = memoryview(received)
        while rest:
            count = await loop.sock_recv_into(self._sock, rest)
            if count == 0:
                raise ConnectionResetError
            rest = rest[count:]
        return received
