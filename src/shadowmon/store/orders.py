"""
Orders that the journal could not take, in a small file beside it until it can.

What takes weight away, or lets nothing climb, is done while the store is down. Were it forgotten
with the process, a restart would undo it: so it is written here, and taken in again at a start.

Rule 1: the file has its whole length from the first start on, and is written in place, so that a
        disk that became full has room for it (file systems that never write in place, such as btrfs
        and ZFS, may still have none).
Rule 2: two slots take turns, each with its checksum: a write that was cut off leaves what was kept
        before.
Rule 3: what was kept is on the disk (fsync).
Rule 4: a disk that hangs is one that fails: it is waited for `HANGS_SECONDS`, and not at all for as
        long as it goes on hanging.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from shadowmon.errors import StoreError
from shadowmon.records import Entry, TrialId


log = structlog.get_logger()

HANGS_SECONDS = 2.0
"""How long the disk may take; it has one small file to write."""
SLOT_BYTES = 131_072
_SLOTS = 2
_DIGEST_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order: what of which trial, when, and what is to be journalled of it."""

    trial_id: TrialId
    """`rollout.freeze.EVERY_TRIAL` for a freeze."""
    what: str
    """freeze, pause, roll_back or step_down."""
    at: datetime
    model: str = ""
    """The optimized model and its version: what takes weight away is of this one only."""
    entries: tuple[Entry, ...]
    """Who or what asked for it, and the move; word by word, so that whoever was told of them
    already knows them again."""


class Orders(Protocol):
    """Where orders are kept."""

    async def read(self) -> Sequence[Order]:
        """
        Return what was kept last, in order; make what `keep` needs if it is not there.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def keep(self, orders: Sequence[Order]) -> None:
        """
        Keep these in place of what was kept before; none: there is nothing to be kept any more.

        Raises:
            StoreError: If they could not be kept.

        """
        ...


class _Slot(msgspec.Struct):
    turn: int
    orders: tuple[Order, ...] = ()


class OrderFile:
    """Orders in a file of the database's name plus `.orders`. Whoever holds its lock uses it."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".orders")
        self._turn = 0
        self._writing: asyncio.Future[None] | None = None
        """What is under way, also where nobody waits for it any more."""

    async def read(self) -> Sequence[Order]:
        """See `Orders.read`. A file that cannot be made is told, and tried again by `keep`."""
        try:
            content = await asyncio.to_thread(self._path.read_bytes)
        except FileNotFoundError:
            with contextlib.suppress(OSError):  # `_make` has told
                await asyncio.to_thread(self._make)
            return ()
        except OSError as error:
            msg = f"{self._path}: cannot be read: {error.strerror}"
            raise StoreError(msg) from error
        newest = _newest(content)
        if newest is None:
            msg = (
                f"{self._path}: is damaged: an order that was given while the journal could not be "
                "written may be lost; remove it, start again, and freeze or roll back what must "
                "not climb"
            )
            raise StoreError(msg)
        self._turn = newest.turn
        return newest.orders

    async def keep(self, orders: Sequence[Order]) -> None:
        """See `Orders.keep`."""
        slot = _written(_Slot(turn=self._turn + 1, orders=tuple(orders)))
        if len(slot) > SLOT_BYTES:
            msg = f"{self._path}: has no room for {len(orders)} orders"
            raise StoreError(msg)
        try:
            await self._write(slot)
        except OSError as error:
            msg = f"{self._path}: cannot be written: {error.strerror}"
            raise StoreError(msg) from error
        self._turn += 1

    async def _write(self, slot: bytes) -> None:
        """Write a slot, unless an earlier one is still being written: two would mix."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(  # noqa: TID251 - a thread cannot be cancelled
                asyncio.to_thread(self._put, slot)
            )
            done, _ = await asyncio.wait([self._writing], timeout=HANGS_SECONDS)
            if done:
                return self._writing.result()
        msg = f"{self._path}: cannot be written: the disk has not answered for {HANGS_SECONDS:g} s"
        raise StoreError(msg)

    def _put(self, slot: bytes) -> None:
        if not self._path.exists():
            self._make()
        with self._path.open("r+b") as file:
            file.seek((self._turn + 1) % _SLOTS * SLOT_BYTES)
            file.write(slot)
            file.flush()
            os.fsync(file.fileno())

    def _make(self) -> None:
        """Make it whole, or not at all."""
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            with beside.open("wb") as file:
                file.write(_written(_Slot(turn=0)).ljust(SLOT_BYTES) + b" " * SLOT_BYTES)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            log.warning("store.orders_unavailable", path=str(self._path), problem=error.strerror)
            raise


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _written(slot: _Slot) -> bytes:
    """
    Write a slot: the SHA-256 (hex) of a line, and the line.

    In ASCII, for a person's words may hold what UTF-8 cannot (lone surrogates).
    """
    line = json.dumps(msgspec.to_builtins(slot), ensure_ascii=True).encode()
    return hashlib.sha256(line).hexdigest().encode() + line + b"\n"


def _newest(content: bytes) -> _Slot | None:
    """Return the slot that was written last; None if none is whole."""
    read = (_slot(content[at * SLOT_BYTES :][:SLOT_BYTES]) for at in range(_SLOTS))
    return max(filter(None, read), key=lambda slot: slot.turn, default=None)


def _slot(content: bytes) -> _Slot | None:
    digest, line = content[:_DIGEST_DIGITS], content[_DIGEST_DIGITS:].partition(b"\n")[0]
    if hashlib.sha256(line).hexdigest().encode() != digest:
        return None
    try:
        return msgspec.convert(json.loads(line), _Slot)
    except ValueError:  # msgspec's is one, too
        return None
