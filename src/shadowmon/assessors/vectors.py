"""
Vectors of texts, asked for by many pairs at one time: gathered into batches, and remembered.

Rule 1: a text that several pairs wait for is embedded once.
Rule 2: whoever stops waiting takes nothing from the others.
Rule 3: one text that the model refuses costs the other texts of its batch nothing: a refused batch
is halved until the text stands alone.
Rule 4: nothing is remembered while the encoder fails: only pairs of often-said texts would be
assessed then.
"""

from __future__ import annotations

import asyncio

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from hashlib import sha256
from types import TracebackType
from typing import Self, TypeAlias

from shadowmon.assessors.embedders import Encoder, Vector
from shadowmon.assessors.endpoint import FROM_THE_TEXTS, Trouble, UnansweredError
from shadowmon.clock import Clock


_GATHERING_SECONDS = 0.004
"""How long the first text of a batch waits for others."""

Found: TypeAlias = Vector | Trouble


class Vectors:
    """An encoder, its batches and its memory. Enter it before it is asked."""

    def __init__(self, encoder: Encoder, clock: Clock, *, batch_max: int, cache_max: int) -> None:
        self._encoder = encoder
        self._clock = clock
        self._batch_max = batch_max
        self._cache_max = cache_max
        self._known: OrderedDict[bytes, Vector] = OrderedDict()
        """By the text's SHA-256; the one that was not used for longest comes first."""
        self._awaited: dict[bytes, asyncio.Future[Found]] = {}
        self._waiting: dict[bytes, str] = {}
        """Of the awaited those that are in no batch yet."""
        self._work = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._encoder)
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

    async def of(self, *texts: str) -> list[Found]:
        """Return each text's vector, or why there is none."""
        futures = [self._future(self._encoder.cut(text)) for text in texts]
        # Shielded, for others may wait for the same.
        return [await asyncio.shield(future) for future in futures]

    def _future(self, text: str) -> asyncio.Future[Found]:
        key = sha256(text.encode("utf-8", "surrogatepass")).digest()
        if key in self._awaited:
            return self._awaited[key]
        future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        if key in self._known and not self._encoder.fails():
            self._known.move_to_end(key)
            future.set_result(self._known[key])
            return future
        self._awaited[key] = future
        self._waiting[key] = text
        self._work.set()
        return future

    async def _gather(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._work.wait()
                if len(self._waiting) < self._batch_max:
                    await self._clock.sleep(_GATHERING_SECONDS)
                batch = dict(list(self._waiting.items())[: self._batch_max])
                for key in batch:
                    del self._waiting[key]
                if not self._waiting:
                    self._work.clear()
                group.create_task(self._embed(batch))

    async def _embed(self, batch: dict[bytes, str]) -> None:
        try:
            found: Sequence[Found] = await self._encoder.embed(list(batch.values()))
        except UnansweredError as error:
            if error.trouble in FROM_THE_TEXTS and len(batch) > 1:
                keys, half = list(batch), len(batch) // 2
                await self._embed({key: batch[key] for key in keys[:half]})
                await self._embed({key: batch[key] for key in keys[half:]})
                return
            found = [error.trouble] * len(batch)
        for key, each in zip(batch, found, strict=True):
            self._keep(key, each)

    def _keep(self, key: bytes, found: Found) -> None:
        self._awaited.pop(key).set_result(found)
        if isinstance(found, Trouble):
            return
        self._known[key] = found
        while len(self._known) > self._cache_max:
            self._known.popitem(last=False)

    def _give_up(self) -> None:
        for future in self._awaited.values():
            future.set_result(Trouble.DOWN)
        self._awaited.clear()
