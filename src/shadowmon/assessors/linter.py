"""
Ruff, run over many sources at a time: alone it starts in milliseconds, in a batch it takes a tenth
of one for each.

Rule 1: sources that are the same, and wait at one time, are linted once.
Rule 2: a source that brings the linter down costs the others nothing: a batch that failed is halved
until the source stands alone.
Rule 3: no configuration of this machine is read, and no comment in a source silences anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import sys
import tempfile

from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from shadowmon.assessors.settings import LintSettings


_NOT_IN_ANSWERS = "F811"
"""A function that is defined again: the question began it, and the answer has all of it."""
_ARGUMENTS = (
    *("check", "--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--quiet"),
    *("--output-format", "json", "--ignore", _NOT_IN_ANSWERS),
    *("--target-version", f"py{sys.version_info.major}{sys.version_info.minor}"),
)


class LintTrouble(enum.StrEnum):
    """Why there are no findings of a source."""

    DOWN = "linter_down"
    """It cannot be run at all."""
    BROKEN = "linter_broken"
    """It failed, or hung, over this very source."""


Findings: TypeAlias = int | LintTrouble
"""How many there are in one source."""


class BatchError(Exception):
    """Ruff failed over a batch. Stays in this file."""


class Linter:
    """Gathers sources and lints them together. Enter it before it is asked."""

    def __init__(self, settings: LintSettings, program: str) -> None:
        self._settings = settings
        self._program = program
        self._awaited: dict[str, asyncio.Future[Findings]] = {}
        self._waiting: list[str] = []
        """Of the awaited those that are in no batch yet."""
        self._work = asyncio.Event()
        self._full = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.callback(self._give_up)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(group.create_task(self._gather()).cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def findings(self, source: str) -> Findings:
        """Return how many findings the source has, or why that is not known."""
        future = self._awaited.get(source)
        if future is None:
            future = self._awaited[source] = asyncio.get_running_loop().create_future()
            self._waiting.append(source)
            self._work.set()
            if len(self._waiting) >= self._settings.batch_max:
                self._full.set()
        return await asyncio.shield(future)  # others may wait for the same

    async def _gather(self) -> None:
        """Lint one batch after the other; what comes meanwhile is in the next one."""
        while True:
            await self._work.wait()
            await self._gathered()
            batch = self._waiting[: self._settings.batch_max]
            del self._waiting[: len(batch)]
            if not self._waiting:
                self._work.clear()
            if len(self._waiting) < self._settings.batch_max:
                self._full.clear()
            await self._lint(batch)

    async def _gathered(self) -> None:
        """Wait until the batch is full, or the first of it has waited for long enough."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.gathering_seconds):
                await self._full.wait()

    async def _lint(self, batch: Sequence[str]) -> None:
        try:
            found: Sequence[Findings] = await self._run(batch)
        except (BatchError, TimeoutError):  # before OSError, of which a TimeoutError is one
            if len(batch) > 1:
                half = len(batch) // 2
                await self._lint(batch[:half])
                await self._lint(batch[half:])
                return
            found = [LintTrouble.BROKEN]
        except OSError:
            found = [LintTrouble.DOWN] * len(batch)
        for source, each in zip(batch, found, strict=True):
            self._awaited.pop(source).set_result(each)

    async def _run(self, batch: Sequence[str]) -> list[int]:
        """
        Return the number of findings in each source.

        Raises:
            OSError: If ruff cannot be started, or the files cannot be written.
            BatchError: If it fails.
            TimeoutError: If it takes too long.

        """
        with tempfile.TemporaryDirectory(prefix="shadowmon-lint-") as folder:
            names = [f"answer_{place}.py" for place in range(len(batch))]
            for name, source in zip(names, batch, strict=True):
                (Path(folder) / name).write_text(source, encoding="utf-8", errors="replace")
            counts = Counter(await self._ruff(folder))
        return [counts[name] for name in names]

    async def _ruff(self, folder: str) -> list[str]:
        """Return the name of each finding's file."""
        process = await asyncio.create_subprocess_exec(
            self._program,
            *_ARGUMENTS,
            *("--select", ",".join(self._settings.rules), "."),
            cwd=folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                said, _ = await process.communicate()
        finally:
            await _end(process)
        if process.returncode:
            msg = f"ruff ended with {process.returncode}"
            raise BatchError(msg)
        return [Path(finding["filename"]).name for finding in json.loads(said)]

    def _give_up(self) -> None:
        for future in self._awaited.values():
            future.set_result(LintTrouble.DOWN)
        self._awaited.clear()


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
