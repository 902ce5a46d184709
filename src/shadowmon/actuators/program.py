"""
Run a program: no shell, an environment of its own, within a deadline, its output bounded.

Rule 1: the program gets PATH and the locale, and nothing else of our environment: secrets stand
        there.
Rule 2: at the deadline, and when we are cancelled, it is killed together with all it has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from collections.abc import Sequence
from dataclasses import dataclass

from shadowmon.errors import ActuatorError


OUTPUT_MAX_BYTES = 65_536
_SAID_MAX = 400
_END_SECONDS = 2.0
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A program that ended."""

    code: int
    out: bytes
    said: str
    """The end of what it wrote for people, printable."""


async def run(argv: Sequence[str], *, given: bytes = b"", seconds: float) -> Ran:
    """
    Run a program to its end.

    Args:
        argv: The program and its arguments.
        given: What it reads.
        seconds: When it is killed.

    Raises:
        ActuatorError: If it cannot be started, takes too long, or writes too much.

    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            start_new_session=True,
        )
    except OSError as error:
        msg = f"{argv[0]} cannot be started: {error.strerror}"
        raise ActuatorError(msg) from None
    try:
        async with asyncio.timeout(seconds):
            out, err = await _talk(process, given)
            code = await process.wait()
    except TimeoutError:
        msg = f"{argv[0]} took longer than {seconds:g} s, and was killed"
        raise ActuatorError(msg) from None
    except _TooMuchError:
        msg = f"{argv[0]} wrote more than {OUTPUT_MAX_BYTES:,} bytes, and was killed"
        raise ActuatorError(msg) from None
    finally:
        await _kill(process)
    return Ran(code=code, out=out, said=_printable(err or out))


class _TooMuchError(Exception):
    pass


async def _talk(process: asyncio.subprocess.Process, given: bytes) -> tuple[bytes, bytes]:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        msg = "a program was started without pipes"
        raise RuntimeError(msg)
    try:
        async with asyncio.TaskGroup() as tasks:
            out = tasks.create_task(_bounded(process.stdout))
            err = tasks.create_task(_bounded(process.stderr))
            # One that does not read what it is given, or ends before, is no failure of ours.
            with contextlib.suppress(ConnectionError):
                process.stdin.write(given)
                await process.stdin.drain()
            process.stdin.close()
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    return out.result(), err.result()


async def _bounded(stream: asyncio.StreamReader) -> bytes:
    found = b""
    while piece := await stream.read(OUTPUT_MAX_BYTES):
        found += piece
        if len(found) > OUTPUT_MAX_BYTES:
            raise _TooMuchError
    return found


async def _kill(process: asyncio.subprocess.Process) -> None:
    """
    Kill it and its children.

    asyncio takes it for ended only once its pipes are, and a pipe that nobody reads any more is
    paused: so they are read out. One that a child of another session holds open is left.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            for stream in filter(None, (process.stdout, process.stderr)):
                while await stream.read(OUTPUT_MAX_BYTES):
                    pass
            await process.wait()


def _printable(text: bytes) -> str:
    words = " ".join(text[-_SAID_MAX * 4 :].decode("utf-8", "replace").split())
    return "".join(filter(str.isprintable, words))[-_SAID_MAX:]
