"""
One living scorer process, as the pool sees it: start it, ask it, end it.

A link is good for as long as every question is answered. The first loss ends the process, and
with it the link; a new process is a new link.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import signal

from collections.abc import AsyncIterator

import msgspec

from shadowmon.daemon import scorer_wire as wire
from shadowmon.daemon.running_time import is_starved, look_at
from shadowmon.daemon.scorer_process import EXIT_OUT_OF_MEMORY
from shadowmon.errors import ScorerError
from shadowmon.ipc.child import Child


START_SECONDS = 60.0
"""A process that is not ready by then is given up; it imports plugins, on a busy machine."""
END_SECONDS = 1.0
"""A process that was told to end, and is still there after this, is killed."""
MESSAGE_MAX_BYTES = 256 * 1024 * 1024
"""A longer answer is not an answer."""

_LOOK_AGAIN = 0.1
"""Of the deadline: so often a process is looked at whose deadline was put off."""
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""numpy's threads would each reserve address space, and take cores from the data plane."""


class Loss(enum.StrEnum):
    """How a process was lost, or why a pair could not be scored."""

    CRASH = "crash"
    HANG = "hang"
    MEMORY = "memory"
    UNSENDABLE = "unsendable"
    """An answer that is nested too deep, or holds what is not JSON. Costs no process."""


class ScorerLink:
    """A scorer process that is ready, and the socket to it. Asked by one task at a time."""

    def __init__(self, child: Child, *, idle_class: bool) -> None:
        self.idle_class = idle_class
        """Does it run only where a CPU has nothing else to do?"""
        self._child = child
        self._asking = asyncio.Lock()

    @classmethod
    async def start(cls, start: wire.Start) -> ScorerLink:
        """
        Start a process and wait until it is ready.

        Raises:
            ScorerError: If it does not become ready: why.
            OSError: If no process can be started.

        """
        environment = os.environ | _ONE_THREAD
        child = await Child.start("shadowmon.daemon.scorer_process", environment=environment)
        link = cls(child, idle_class=start.idle_class)
        try:
            await link._await_ready(start)
        except BaseException:
            await link.end()
            raise
        return link

    @property
    def process_id(self) -> int:
        """The process's id."""
        return self._child.process.pid

    @property
    def is_alive(self) -> bool:
        """Has it not been seen to end?"""
        return self._child.is_alive

    async def ask(
        self, pairs: bytes, count: int, deadline_seconds: float
    ) -> list[wire.Scored] | Loss:
        """
        Return what the process says about `count` pairs (framed), or how it was lost.

        A process that waits for a CPU and for nothing else has its deadline put off.

        If the caller is cancelled the answer is still to come: the link must be ended.
        """
        async with self._asking:
            try:
                async with self._within(deadline_seconds):
                    scored = wire.read_scored(await self._exchange(pairs))
            except TimeoutError:
                await self._child.kill()
                return Loss.HANG
            except (OSError, msgspec.DecodeError):
                return await self._loss()
            if len(scored) != count:
                return await self._loss()
            return scored

    @contextlib.asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        """
        Bound what the block takes, but for the time in which the process only waits for a CPU.

        Raises:
            TimeoutError: Out of the block, once it has had its time.

        """
        loop = asyncio.get_running_loop()
        began = look_at(self.process_id)
        timer: asyncio.TimerHandle
        async with asyncio.timeout(None) as deadline:

            def judge() -> None:
                nonlocal timer
                if is_starved(began, look_at(self.process_id), seconds):
                    timer = loop.call_later(seconds * _LOOK_AGAIN, judge)
                else:
                    deadline.reschedule(loop.time())

            timer = loop.call_later(seconds, judge)
            try:
                yield
            finally:
                timer.cancel()

    async def end(self) -> None:
        """End the process, by force if need be; twice is harmless."""
        self._child.hang_up()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._child.process.wait()
        except TimeoutError:
            pass
        finally:
            await self._child.kill()
        async with self._asking:  # whoever still asks sees the socket's end first
            self._child.close()

    async def _await_ready(self, start: wire.Start) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = wire.read_ready(await self._exchange(wire.frame(start)))
        except TimeoutError:
            msg = f"a scorer process was not ready within {START_SECONDS:.0f} seconds"
            raise ScorerError(msg) from None
        except (OSError, msgspec.DecodeError) as error:
            msg = f"a scorer process ended before it was ready ({await self._loss()})"
            raise ScorerError(msg) from error
        if ready.problem:
            msg = f"a scorer process cannot start: {ready.problem}"
            raise ScorerError(msg)

    async def _exchange(self, frame: bytes) -> bytearray:
        return await self._child.exchange(frame, at_most=MESSAGE_MAX_BYTES)

    async def _loss(self) -> Loss:
        """Say how the process ended, and see that it has."""
        try:
            async with asyncio.timeout(END_SECONDS):
                code = await self._child.process.wait()
        except TimeoutError:
            code = None  # it only closed its socket
        await self._child.kill()
        killed = -signal.SIGKILL  # not by us: by the kernel, which was short of memory
        return Loss.MEMORY if code in {EXIT_OUT_OF_MEMORY, killed} else Loss.CRASH
