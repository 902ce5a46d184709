"""A launcher process, as the daemon sees it: started once, asked by many tasks at a time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import sys

from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from dataclasses import asdict

from shadowmon.assessors.sandbox.launcher import MESSAGE_MAX_BYTES
from shadowmon.assessors.sandbox.run import LONGER_MAX
from shadowmon.assessors.sandbox.tiers import Plan
from shadowmon.assessors.sandbox.verdict import Limits, Ran, Verdict


START_SECONDS = 30.0
"""A launcher that is not ready by then is given up."""
ANSWER_SECONDS = 30.0
"""Beyond a run's own time, for starting it (again) and for its death. Then the launcher is lost."""
_END_SECONDS = 3.0

_LOST = Ran(verdict=Verdict.NOT_STARTED, error="the launcher was lost")


class LauncherError(Exception):
    """A launcher that did not become ready. Stays in this room: the next plan is tried."""


class Link:
    """A launcher that is ready, and the socket to it."""

    def __init__(self, process: Process, sock: socket.socket) -> None:
        self._process = process
        self._socket = sock
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Ran]] = {}

    @classmethod
    async def start(cls, plan: Plan, places: int) -> Link:
        """
        Start a launcher with this many places, and wait until it is ready.

        Raises:
            LauncherError: If it does not become ready: why.

        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-P", "-m", "shadowmon.assessors.sandbox.launcher"),
                    *("--fd", str(theirs.fileno())),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
        except OSError as error:
            ours.close()
            msg = f"the launcher cannot be started: {error}"
            raise LauncherError(msg) from error
        link = cls(process, ours)
        try:
            await link._get_ready(plan, places)
        except BaseException:
            await link.end()
            raise
        asyncio.get_running_loop().add_reader(ours, link._take_answers)
        return link

    @property
    def process_id(self) -> int:
        """The launcher's process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Has it not been seen to end?"""
        return self._process.returncode is None and self._socket.fileno() >= 0

    async def run(self, parts: Sequence[str], limits: Limits) -> Ran:
        """Run a program of these parts (guest.py); not started, where the launcher is lost."""
        program = b"\0".join(part.encode("utf-8", "replace") for part in parts)
        number = next(self._numbers)
        answer: asyncio.Future[Ran] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._order(number, program, limits)
            async with asyncio.timeout(limits.timeout_seconds * LONGER_MAX + ANSWER_SECONDS):
                return await answer
        except (OSError, TimeoutError):
            await self.end()
            return _LOST
        finally:
            self._waiting.pop(number, None)

    async def end(self) -> None:
        """End the launcher and all its runs, by force if need be; twice is harmless."""
        self._hang_up()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _get_ready(self, plan: Plan, places: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(START_SECONDS):
                await loop.sock_sendall(
                    self._socket, json.dumps(asdict(plan) | {"places": places}).encode("utf-8")
                )
                said = await loop.sock_recv(self._socket, MESSAGE_MAX_BYTES)
        except TimeoutError:
            msg = f"the launcher was not ready within {START_SECONDS:.0f} seconds"
            raise LauncherError(msg) from None
        except OSError as error:
            msg = f"the launcher ended before it was ready ({error})"
            raise LauncherError(msg) from error
        if not said:
            msg = "the launcher ended before it was ready"
            raise LauncherError(msg)
        if problem := json.loads(said)["problem"]:
            raise LauncherError(problem)

    def _order(self, number: int, program: bytes, limits: Limits) -> None:
        """Send an order; there are never more on the way than a socket takes at once."""
        file = os.memfd_create("program")
        try:
            with open(file, "wb", closefd=False) as writing:
                writing.write(program)
            order = json.dumps({"number": number, "limits": asdict(limits)}).encode("utf-8")
            socket.send_fds(self._socket, [order], [file])
        finally:
            os.close(file)

    def _take_answers(self) -> None:
        while True:
            try:
                said = self._socket.recv(MESSAGE_MAX_BYTES)
            except BlockingIOError:
                return
            except OSError:
                said = b""
            if not said:
                self._hang_up()
                return
            answer = json.loads(said)
            waiting = self._waiting.pop(answer.pop("number"), None)
            if waiting and not waiting.done():
                waiting.set_result(Ran(**answer | {"verdict": Verdict(answer["verdict"])}))

    def _hang_up(self) -> None:
        """Close the socket, which ends the launcher, and tell whoever waits that it is lost."""
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(_LOST)
