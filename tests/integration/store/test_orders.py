"""Orders in a file beside the database: on a full disk, after a cut write, and after a kill."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading

from datetime import timedelta
from pathlib import Path

import pytest

import shadowmon.store.orders

from shadowmon.errors import StoreError
from shadowmon.records import TrialId
from shadowmon.store.orders import SLOT_BYTES, Order, OrderFile
from tests.factories import NOON, an_entry


WORDS = "the disk is full \x00 \ud800 \U0001f600 ünd so"
PAUSE = Order(
    trial_id=TrialId("int8"),
    what="pause",
    at=NOON + timedelta(microseconds=1),
    model="int8 1",
    entries=(
        an_entry(WORDS, at=NOON + timedelta(microseconds=1), data={"operator": WORDS}),
        an_entry("one more", data={"weight": 100, "upper": 0.1, "until": None}),
    ),
)
FREEZE = Order(trial_id=TrialId("*"), what="freeze", at=NOON, entries=(an_entry("4711"),))


def orders_in(folder: Path) -> OrderFile:
    """Return the orders beside a database."""
    return OrderFile(folder / "shadowmon.db")


def file_in(folder: Path) -> Path:
    """Return their file."""
    return folder / "shadowmon.db.orders"


async def test_what_is_kept_is_read_by_the_next_one(tmp_path):
    """Order, time to the microsecond, and every character of what is to be journalled."""
    first = orders_in(tmp_path)
    assert await first.read() == ()
    await first.keep([PAUSE])
    await first.keep([PAUSE, FREEZE])

    assert tuple(await orders_in(tmp_path).read()) == (PAUSE, FREEZE)


async def test_what_is_let_go_is_gone(tmp_path):
    """Nothing is kept once the journal has it."""
    first = orders_in(tmp_path)
    await first.read()
    await first.keep([PAUSE])
    await first.keep([])

    assert await orders_in(tmp_path).read() == ()


async def test_the_file_never_grows(tmp_path):
    """It has its length from the start on, so that a full disk has room for an order."""
    orders = orders_in(tmp_path)
    await orders.read()
    size, blocks = file_in(tmp_path).stat().st_size, file_in(tmp_path).stat().st_blocks
    for _ in range(5):
        await orders.keep([PAUSE, FREEZE])

    after = file_in(tmp_path).stat()
    assert (after.st_size, after.st_blocks) == (size, blocks)
    assert size == 2 * SLOT_BYTES


async def test_an_order_that_is_shorter_than_the_one_before_is_whole(tmp_path):
    """What stood in a slot before does not leak into what is read."""
    orders = orders_in(tmp_path)
    await orders.read()
    for kept in ([PAUSE, FREEZE] * 20, [FREEZE] * 30, [PAUSE], [FREEZE]):
        await orders.keep(kept)

    assert tuple(await orders_in(tmp_path).read()) == (FREEZE,)


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 65, 200])
async def test_a_write_that_was_cut_off_leaves_the_one_before(tmp_path, cut):
    """Two slots take turns; the torn one is not read."""
    orders = orders_in(tmp_path)
    await orders.read()
    await orders.keep([PAUSE])
    before = file_in(tmp_path).read_bytes()
    await orders.keep([PAUSE, FREEZE])
    after = file_in(tmp_path).read_bytes()
    at = next(i for i in range(len(after)) if after[i] != before[i])
    torn = after[: at + cut] + before[at + cut :]
    file_in(tmp_path).write_bytes(torn)

    assert tuple(await orders_in(tmp_path).read()) == (PAUSE,)


async def test_the_next_one_goes_on_where_the_last_one_was(tmp_path):
    """It writes over the older slot, and not over what was kept last."""
    orders = orders_in(tmp_path)
    await orders.read()
    for kept in ([PAUSE], [FREEZE], [PAUSE, FREEZE]):
        again = orders_in(tmp_path)
        await again.read()
        await again.keep(kept)

        assert tuple(await orders_in(tmp_path).read()) == tuple(kept)


@pytest.mark.parametrize("content", [b"", b"x" * 300_000, b" " * 2 * SLOT_BYTES])
async def test_a_damaged_file_is_refused(tmp_path, content):
    """An order may be lost in it: that is for a person, and what to do is said."""
    file_in(tmp_path).write_bytes(content)

    with pytest.raises(StoreError, match=r"orders: is damaged: .* remove it, start again, and fre"):
        await orders_in(tmp_path).read()


async def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    """What cannot be known is not taken for nothing."""
    file_in(tmp_path).mkdir()

    with pytest.raises(StoreError, match=r"db\.orders: cannot be read: Is a directory"):
        await orders_in(tmp_path).read()


async def test_a_file_that_cannot_be_made_is_made_later(tmp_path):
    """A disk that is full at the start is no reason not to start; to keep an order then fails."""
    folder = tmp_path / "later"
    orders = orders_in(folder)
    assert await orders.read() == ()
    with pytest.raises(StoreError, match="orders: cannot be written: No such file or directory"):
        await orders.keep([PAUSE])

    folder.mkdir()
    await orders.keep([PAUSE])

    assert tuple(await orders_in(folder).read()) == (PAUSE,)


async def test_what_could_not_be_written_to_the_disk_is_not_kept(tmp_path, monkeypatch):
    """An error of fsync is one: what was kept before is, and the next try goes well."""
    orders = orders_in(tmp_path)
    await orders.read()
    await orders.keep([PAUSE])

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StoreError, match="cannot be written: Input/output error"):
            await orders.keep([FREEZE])
    await orders.keep([FREEZE])

    assert tuple(await orders_in(tmp_path).read()) == (FREEZE,)


async def test_more_than_fits_is_refused(tmp_path):
    """A slot has its size; what is kept already stays."""
    orders = orders_in(tmp_path)
    await orders.read()
    await orders.keep([PAUSE])
    with pytest.raises(StoreError, match="has no room for 2000 orders"):
        await orders.keep([FREEZE] * 2000)

    assert tuple(await orders_in(tmp_path).read()) == (PAUSE,)


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    """The first one is answered in time, the next at once; when it answers again all is kept."""
    monkeypatch.setattr(shadowmon.store.orders, "HANGS_SECONDS", 0.2)
    orders = orders_in(tmp_path)
    await orders.read()
    answers, syncs = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (answers.wait(60), syncs(fd)))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"orders: cannot be written: the disk has not answ"):
            await orders.keep([PAUSE])
    answers.set()
    async with asyncio.timeout(60):
        while tuple(await orders_in(tmp_path).read()) != (FREEZE, PAUSE):
            with contextlib.suppress(StoreError):
                await orders.keep([FREEZE, PAUSE])
            await asyncio.sleep(0.01)
