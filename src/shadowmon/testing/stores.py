"""What every store promises."""
# ruff: noqa: S101 - these are tests; they are shipped so that plugins can run them

from __future__ import annotations

import math

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from json import dumps
from pathlib import Path

from shadowmon.errors import StoreError
from shadowmon.records import (
    Cell,
    Choice,
    Counts,
    ExchangeId,
    MetricName,
    SliceName,
    TrialId,
)
from shadowmon.store.store import Save, Store
from shadowmon.testing.saves import (
    CELL,
    NOON,
    PREFERRED,
    WAITING,
    WHOLE,
    a_letter,
    an_entry,
    assert_whole,
)


class StoreContract:
    """What `store.Store` promises."""

    def make(self, folder: Path) -> Store:
        """Return a new, closed store that may keep files in `folder`."""
        raise NotImplementedError

    async def test_new_store_is_empty(self, tmp_path: Path) -> None:
        """A store that was never written to holds nothing."""
        async with self._opened(tmp_path) as store:
            saved = await store.load()
            assert (saved.last_number, saved.awaiting) == (0, ())
            assert (saved.snapshots, saved.accounts, saved.labels) == ({}, {}, {})
            assert await store.journal() == ()
            assert await store.verify() == 0

    async def test_commit_is_loaded(self, tmp_path: Path) -> None:
        """What was committed is loaded as it was."""
        async with self._opened(tmp_path) as store:
            await store.commit(WHOLE)
            assert_whole(await store.load())

    async def test_commit_outlives_close(self, tmp_path: Path) -> None:
        """What was committed is there after the store was closed and opened again."""
        async with self._opened(tmp_path) as store:
            await store.commit(WHOLE)
            await store.close()
            await store.open()
            assert_whole(await store.load())
            assert await store.verify() == 1

    async def test_empty_commit(self, tmp_path: Path) -> None:
        """A commit of nothing is harmless."""
        async with self._opened(tmp_path) as store:
            await store.commit(WHOLE)
            await store.commit(Save())
            assert_whole(await store.load())

    async def test_snapshot_is_replaced(self, tmp_path: Path) -> None:
        """A trial's snapshot replaces its former one, and leaves the other trials' alone."""
        int8, int4 = TrialId("int8"), TrialId("int4")
        async with self._opened(tmp_path) as store:
            await store.commit(Save(snapshots={int8: {"a": 1, "b": 2}, int4: {"a": 3}}))
            await store.commit(Save(snapshots={int8: {"a": 4}}))
            assert (await store.load()).snapshots == {int8: {"a": 4}, int4: {"a": 3}}

    async def test_account_is_overwritten(self, tmp_path: Path) -> None:
        """A worker's totals overwrite what it told before, so that a retry counts nothing twice."""
        async with self._opened(tmp_path) as store:
            for counts in ((1, 0, 2), (3, 0, 4), (3, 0, 4)):
                await store.commit(Save(accounts={("w-1", CELL): counts}))
            await store.commit(Save(accounts={("w-2", CELL): (5, 0, 0)}))
            expected = {("w-1", CELL): (3, 0, 4), ("w-2", CELL): (5, 0, 0)}
            assert (await store.load()).accounts == expected

    async def test_settled_pair_waits_no_longer(self, tmp_path: Path) -> None:
        """A settled pair is gone, and so is its label."""
        async with self._opened(tmp_path) as store:
            await store.commit(WHOLE)
            await store.commit(Save(settled=[(WAITING.trial_id, WAITING.exchange_id)]))
            saved = await store.load()
            assert (saved.awaiting, saved.labels) == ((), {})

    async def test_label_stays_while_a_trial_waits(self, tmp_path: Path) -> None:
        """A label that two trials wait for stays until both are settled."""
        other = replace(WAITING, trial_id=TrialId("int4"))
        async with self._opened(tmp_path) as store:
            await store.commit(Save(awaiting=[WAITING, other], labels={WAITING.exchange_id: "cat"}))
            await store.commit(Save(settled=[(other.trial_id, other.exchange_id)]))
            saved = await store.load()
            assert (saved.awaiting, saved.labels) == ((WAITING,), {WAITING.exchange_id: "cat"})

    async def test_label_that_nobody_waits_for(self, tmp_path: Path) -> None:
        """A label of an exchange that no pair waits for is not kept."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(labels={ExchangeId("x-9"): "cat"}))
            assert (await store.load()).labels == {}

    async def test_later_label_stands(self, tmp_path: Path) -> None:
        """Of two labels of one exchange the later one stands."""
        async with self._opened(tmp_path) as store:
            await store.commit(WHOLE)
            await store.commit(Save(labels={WAITING.exchange_id: "dog"}))
            assert (await store.load()).labels == {WAITING.exchange_id: "dog"}

    async def test_first_preference_stands(self, tmp_path: Path) -> None:
        """Of two words of one reviewer on one task the first stands; others are kept in order."""
        others = [replace(PREFERRED, reviewer=name) for name in ("eve", "bob")]
        async with self._opened(tmp_path) as store:
            await store.commit(Save(preferences=[PREFERRED]))
            again = replace(PREFERRED, choice=Choice.OPTIMIZED)
            await store.commit(Save(preferences=[again, *others]))
            assert (await store.load()).preferences == (PREFERRED, *others)

    async def test_pairs_are_loaded_the_oldest_first(self, tmp_path: Path) -> None:
        """Pairs that wait are loaded in the order in which they were received."""
        pairs = [
            replace(WAITING, exchange_id=ExchangeId(f"x-{at}"), received_at=NOON + timedelta(0, at))
            for at in (2, 0, 1)
        ]
        async with self._opened(tmp_path) as store:
            await store.commit(Save(awaiting=pairs))
            found = [pair.exchange_id for pair in (await store.load()).awaiting]
            assert found == ["x-0", "x-1", "x-2"]

    async def test_journal_is_numbered_without_gaps(self, tmp_path: Path) -> None:
        """Entries are numbered 1, 2, 3, … in the order they were given, and told newest first."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(entries=[an_entry("one"), an_entry("two")]))
            await store.commit(Save(entries=[an_entry("three")]))
            told = [(row.number, row.entry.sentence) for row in await store.journal()]
            assert told == [(3, "three"), (2, "two"), (1, "one")]
            assert (await store.load()).last_number == 3  # noqa: PLR2004

    async def test_journal_of_one_trial(self, tmp_path: Path) -> None:
        """The journal can be asked for one trial, for what is older than a number, and for less."""
        mine = TrialId("int4")
        async with self._opened(tmp_path) as store:
            await store.commit(
                Save(
                    entries=[
                        replace(
                            an_entry(str(number)), trial_id=mine if number % 2 else TrialId("int8")
                        )
                        for number in range(1, 10)
                    ]
                )
            )
            told = [row.number for row in await store.journal(trial_id=mine, before=8, limit=3)]
            assert told == [7, 5, 3]

    async def test_hash_can_be_computed_by_anyone(self, tmp_path: Path) -> None:
        """An entry's hash is SHA-256 over the previous hash and the entry's canonical JSON."""
        entry = an_entry("Größe 5 %", {"z": [1, 2.5, None, True], "a": {"b": "c"}})
        async with self._opened(tmp_path) as store:
            await store.commit(Save(entries=[an_entry("before"), entry]))
            newest, first = await store.journal()
        written = (
            '{"at":"2026-01-01T12:00:00.000000Z","data":{"a":{"b":"c"},"z":[1,2.5,null,true]},'
            '"kind":"verdict","sentence":"Größe 5 %","trial_id":"int8"}'
        )
        assert first.previous_hash == "0" * 64
        assert newest.previous_hash == first.hash
        assert newest.hash == sha256((first.hash + written).encode()).hexdigest()
        assert newest.entry == entry

    async def test_data_comes_back_as_json(self, tmp_path: Path) -> None:
        """Data comes back as JSON would give it, and what JSON has no number for as its word."""
        data = {"bets": (0.1, 1e-300, -0.0, 2**80), "log_e": [-math.inf, math.nan, math.inf]}
        async with self._opened(tmp_path) as store:
            await store.commit(Save(entries=[an_entry("floats", data)]))
            (row,) = await store.journal()
            assert await store.verify() == 1
        assert dumps(row.entry.data["bets"]) == dumps(data["bets"])
        assert row.entry.data["log_e"] == ["-Infinity", "NaN", "Infinity"]

    async def test_strings_are_cleaned(self, tmp_path: Path) -> None:
        """Lone surrogates and NULs, which no file can hold, are replaced wherever they stand."""
        dirty, tidy = "a\ud800b\x00c", "a\ufffdb\ufffdc"
        pair = replace(
            WAITING,
            exchange_id=ExchangeId(dirty),
            baseline=dirty,
            slices=frozenset({SliceName(dirty)}),
        )
        save = Save(
            entries=[replace(an_entry(dirty, {dirty: [dirty]}), trial_id=TrialId(dirty))],
            snapshots={TrialId(dirty): {"text": dirty}},
            accounts={(dirty, replace(CELL, metric=MetricName(dirty))): (1,)},
            awaiting=[pair],
            labels={ExchangeId(dirty): dirty},
        )
        async with self._opened(tmp_path) as store:
            await store.commit(save)
            saved = await store.load()
            (row,) = await store.journal(trial_id=TrialId(dirty))
            await store.commit(Save(settled=[(pair.trial_id, pair.exchange_id)]))
            left = await store.load()
        assert (row.entry.sentence, row.entry.data) == (tidy, {tidy: [tidy]})
        assert saved.snapshots == {tidy: {"text": tidy}}
        assert saved.accounts == {(tidy, replace(CELL, metric=MetricName(tidy))): (1,)}
        assert saved.awaiting[0].baseline == tidy
        assert saved.awaiting[0].slices == {SliceName(tidy)}
        assert saved.labels == {tidy: tidy}
        assert (left.awaiting, left.labels) == ((), {})

    async def test_what_cannot_be_written_leaves_nothing(self, tmp_path: Path) -> None:
        """A save with one part that cannot be written is refused whole, and says which part."""
        bad = {
            "data.found is a object": Save(entries=[an_entry("x", {"found": object()})]),
            "has the key 1": Save(snapshots={TrialId("int8"): {1: "x"}}),  # type: ignore[dict-item]
            "must not be negative": Save(accounts={("w-1", CELL): (1, -1)}),
            "has no time zone": Save(
                entries=[replace(an_entry("x"), at=NOON.replace(tzinfo=None))]
            ),
        }
        async with self._opened(tmp_path) as store:
            for problem, save in bad.items():
                told = await _refusal(
                    store.commit(replace(save, entries=[an_entry("good"), *save.entries]))
                )
                assert problem in told
            assert (await store.load()).last_number == 0

    async def test_retired_accounts_add_up_once(self, tmp_path: Path) -> None:
        """Accounts of workers that are gone are folded into one, and each of them once."""
        other = replace(CELL, slice=SliceName("edge"))
        async with self._opened(tmp_path) as store:
            accounts: dict[tuple[str, Cell], Counts] = {
                ("w-1", CELL): (1, 0),
                ("w-1", other): (7, 7),
                ("w-2", CELL): (2, 1),
                ("w-3", CELL): (4, 0),
            }
            await store.commit(Save(accounts=accounts))
            await store.retire(["w-1"])
            await store.retire(["w-1", "w-2", "never heard of"])
            saved = (await store.load()).accounts
        assert saved == {
            ("retired", CELL): (3, 1),
            ("retired", other): (7, 7),
            ("w-3", CELL): (4, 0),
        }

    async def test_late_report_of_a_retired_worker(self, tmp_path: Path) -> None:
        """What a worker tells after it was retired is not remembered: it would count twice."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(accounts={("w-1", CELL): (1, 0)}))
            await store.retire(["w-1"])
            await store.commit(Save(accounts={("w-1", CELL): (2, 0), ("retired", CELL): (0, 0)}))
            assert (await store.load()).accounts == {("retired", CELL): (1, 0)}

    async def test_accounts_that_do_not_add(self, tmp_path: Path) -> None:
        """Accounts of different lengths are not folded, and all of them stay as they are."""
        accounts: dict[tuple[str, Cell], Counts] = {
            ("w-1", CELL): (1, 0),
            ("w-2", CELL): (1, 0, 0),
        }
        async with self._opened(tmp_path) as store:
            await store.commit(Save(accounts=accounts))
            assert "do not add" in await _refusal(store.retire(["w-1", "w-2"]))
            assert (await store.load()).accounts == accounts

    async def test_entries_are_followed_from_the_oldest_on(self, tmp_path: Path) -> None:
        """Entries after a number come in order, as many as asked for, and none at the end."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(entries=[an_entry(f"entry {at}") for at in range(1, 6)]))
            assert [row.number for row in await store.following(2, limit=2)] == [3, 4]
            assert [row.entry.sentence for row in await store.following(4)] == ["entry 5"]
            assert list(await store.following(5)) == []
            assert await store.newest() == 5  # noqa: PLR2004 - as many as were committed

    async def test_a_reader_has_a_place(self, tmp_path: Path) -> None:
        """A reader's place is kept over a restart, and is nobody else's; a new one has none."""
        async with self._opened(tmp_path) as store:
            await store.move("slack.ops", 3)
            await store.move("slack.ops", 4)
            await store.close()
            await store.open()
            assert await store.place("slack.ops") == 4  # noqa: PLR2004 - where it was moved to
            assert await store.place("webhooks.cd") is None

    async def test_dead_letters_are_kept_bounded(self, tmp_path: Path) -> None:
        """Of each reader's dead letters the newest are kept, each once, and told newest first."""
        async with self._opened(tmp_path) as store:
            for number in (1, 2, 2, 3):
                await store.move("slack.ops", number, dead=a_letter(number), dead_max=2)
            other = replace(a_letter(1), reader="webhooks.cd")
            await store.move("webhooks.cd", 1, dead=other, dead_max=2)
            assert await store.dead_letters() == (a_letter(3), a_letter(2), other)
            assert await store.dead_letters(limit=1) == (a_letter(3),)
            assert await store.place("slack.ops") == 3  # noqa: PLR2004 - moved with its letter

    async def test_closed_store_says_so(self, tmp_path: Path) -> None:
        """A store that is not open refuses; to close it twice is harmless, to open it twice not."""
        store = self.make(tmp_path)
        assert "not open" in await _refusal(store.commit(WHOLE))
        await store.open()
        assert "open already" in await _refusal(store.open())
        await store.close()
        await store.close()
        assert "not open" in await _refusal(store.load())

    @asynccontextmanager
    async def _opened(self, folder: Path) -> AsyncIterator[Store]:
        store = self.make(folder)
        await store.open()
        try:
            yield store
        finally:
            await store.close()


async def _refusal(doing: Awaitable[object]) -> str:
    """Return the StoreError's message."""
    try:
        await doing
    except StoreError as error:
        return str(error)
    msg = "it was done, and should have been refused"
    raise AssertionError(msg)
