"""
Public test kit: the suites that every implementation of a Protocol has to pass, ours included.

Subclass a suite, give its factory, and pytest finds the inherited tests:

    class TestMyStore(StoreContract):
        def make(self, folder):
            return MyStore(folder / "it.db")

Needs pytest with pytest-asyncio in auto mode, but imports neither.
"""
# ruff: noqa: S101 - these are tests; they are shipped so that plugins can run them

from __future__ import annotations

import math

from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from typing import Any, ClassVar

from shadowmon.errors import CodecError, ConfigError, RefusedError, StoreError
from shadowmon.records import (
    EVERYTHING,
    NO_TRAFFIC,
    Awaiting,
    Cell,
    Counts,
    Entry,
    EntryKind,
    Exchange,
    ExchangeId,
    Headers,
    Label,
    MetricName,
    Operation,
    Outcome,
    Pair,
    Phase,
    Reply,
    RolloutState,
    Scope,
    SliceName,
    TrialId,
)
from shadowmon.scoring.panel import complaint
from shadowmon.scoring.scorer import Scorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.store.store import Row, Save, Saved, Store
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.view import DaemonView


# --- store/ ----------------------------------------------------------------


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
            await store.commit(_WHOLE)
            _assert_whole(await store.load())

    async def test_commit_outlives_close(self, tmp_path: Path) -> None:
        """What was committed is there after the store was closed and opened again."""
        async with self._opened(tmp_path) as store:
            await store.commit(_WHOLE)
            await store.close()
            await store.open()
            _assert_whole(await store.load())
            assert await store.verify() == 1

    async def test_empty_commit(self, tmp_path: Path) -> None:
        """A commit of nothing is harmless."""
        async with self._opened(tmp_path) as store:
            await store.commit(_WHOLE)
            await store.commit(Save())
            _assert_whole(await store.load())

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
                await store.commit(Save(accounts={("w-1", _CELL): counts}))
            await store.commit(Save(accounts={("w-2", _CELL): (5, 0, 0)}))
            expected = {("w-1", _CELL): (3, 0, 4), ("w-2", _CELL): (5, 0, 0)}
            assert (await store.load()).accounts == expected

    async def test_settled_pair_waits_no_longer(self, tmp_path: Path) -> None:
        """A settled pair is gone, and so is its label."""
        async with self._opened(tmp_path) as store:
            await store.commit(_WHOLE)
            await store.commit(Save(settled=[(_WAITING.trial_id, _WAITING.exchange_id)]))
            saved = await store.load()
            assert (saved.awaiting, saved.labels) == ((), {})

    async def test_label_stays_while_a_trial_waits(self, tmp_path: Path) -> None:
        """A label that two trials wait for stays until both are settled."""
        other = replace(_WAITING, trial_id=TrialId("int4"))
        async with self._opened(tmp_path) as store:
            await store.commit(
                Save(awaiting=[_WAITING, other], labels={_WAITING.exchange_id: "cat"})
            )
            await store.commit(Save(settled=[(other.trial_id, other.exchange_id)]))
            saved = await store.load()
            assert (saved.awaiting, saved.labels) == ((_WAITING,), {_WAITING.exchange_id: "cat"})

    async def test_label_that_nobody_waits_for(self, tmp_path: Path) -> None:
        """A label of an exchange that no pair waits for is not kept."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(labels={ExchangeId("x-9"): "cat"}))
            assert (await store.load()).labels == {}

    async def test_later_label_stands(self, tmp_path: Path) -> None:
        """Of two labels of one exchange the later one stands."""
        async with self._opened(tmp_path) as store:
            await store.commit(_WHOLE)
            await store.commit(Save(labels={_WAITING.exchange_id: "dog"}))
            assert (await store.load()).labels == {_WAITING.exchange_id: "dog"}

    async def test_pairs_are_loaded_the_oldest_first(self, tmp_path: Path) -> None:
        """Pairs that wait are loaded in the order in which they were received."""
        pairs = [
            replace(
                _WAITING, exchange_id=ExchangeId(f"x-{at}"), received_at=_NOON + timedelta(0, at)
            )
            for at in (2, 0, 1)
        ]
        async with self._opened(tmp_path) as store:
            await store.commit(Save(awaiting=pairs))
            found = [pair.exchange_id for pair in (await store.load()).awaiting]
            assert found == ["x-0", "x-1", "x-2"]

    async def test_journal_is_numbered_without_gaps(self, tmp_path: Path) -> None:
        """Entries are numbered 1, 2, 3, … in the order they were given, and told newest first."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(entries=[_entry("one"), _entry("two")]))
            await store.commit(Save(entries=[_entry("three")]))
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
                            _entry(str(number)), trial_id=mine if number % 2 else TrialId("int8")
                        )
                        for number in range(1, 10)
                    ]
                )
            )
            told = [row.number for row in await store.journal(trial_id=mine, before=8, limit=3)]
            assert told == [7, 5, 3]

    async def test_hash_can_be_computed_by_anyone(self, tmp_path: Path) -> None:
        """An entry's hash is SHA-256 over the previous hash and the entry's canonical JSON."""
        entry = _entry("Größe 5 %", {"z": [1, 2.5, None, True], "a": {"b": "c"}})
        async with self._opened(tmp_path) as store:
            await store.commit(Save(entries=[_entry("before"), entry]))
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
            await store.commit(Save(entries=[_entry("floats", data)]))
            (row,) = await store.journal()
            assert await store.verify() == 1
        assert dumps(row.entry.data["bets"]) == dumps(data["bets"])
        assert row.entry.data["log_e"] == ["-Infinity", "NaN", "Infinity"]

    async def test_strings_are_cleaned(self, tmp_path: Path) -> None:
        """Lone surrogates and NULs, which no file can hold, are replaced wherever they stand."""
        dirty, tidy = "a\ud800b\x00c", "a\ufffdb\ufffdc"
        pair = replace(
            _WAITING,
            exchange_id=ExchangeId(dirty),
            baseline=dirty,
            slices=frozenset({SliceName(dirty)}),
        )
        save = Save(
            entries=[replace(_entry(dirty, {dirty: [dirty]}), trial_id=TrialId(dirty))],
            snapshots={TrialId(dirty): {"text": dirty}},
            accounts={(dirty, replace(_CELL, metric=MetricName(dirty))): (1,)},
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
        assert saved.accounts == {(tidy, replace(_CELL, metric=MetricName(tidy))): (1,)}
        assert saved.awaiting[0].baseline == tidy
        assert saved.awaiting[0].slices == {SliceName(tidy)}
        assert saved.labels == {tidy: tidy}
        assert (left.awaiting, left.labels) == ((), {})

    async def test_what_cannot_be_written_leaves_nothing(self, tmp_path: Path) -> None:
        """A save with one part that cannot be written is refused whole, and says which part."""
        bad = {
            "data.found is a object": Save(entries=[_entry("x", {"found": object()})]),
            "has the key 1": Save(snapshots={TrialId("int8"): {1: "x"}}),  # type: ignore[dict-item]
            "must not be negative": Save(accounts={("w-1", _CELL): (1, -1)}),
            "has no time zone": Save(entries=[replace(_entry("x"), at=_NOON.replace(tzinfo=None))]),
        }
        async with self._opened(tmp_path) as store:
            for problem, save in bad.items():
                told = await _refusal(
                    store.commit(replace(save, entries=[_entry("good"), *save.entries]))
                )
                assert problem in told
            assert (await store.load()).last_number == 0

    async def test_retired_accounts_add_up_once(self, tmp_path: Path) -> None:
        """Accounts of workers that are gone are folded into one, and each of them once."""
        other = replace(_CELL, slice=SliceName("edge"))
        async with self._opened(tmp_path) as store:
            accounts: dict[tuple[str, Cell], Counts] = {
                ("w-1", _CELL): (1, 0),
                ("w-1", other): (7, 7),
                ("w-2", _CELL): (2, 1),
                ("w-3", _CELL): (4, 0),
            }
            await store.commit(Save(accounts=accounts))
            await store.retire(["w-1"])
            await store.retire(["w-1", "w-2", "never heard of"])
            saved = (await store.load()).accounts
        assert saved == {
            ("retired", _CELL): (3, 1),
            ("retired", other): (7, 7),
            ("w-3", _CELL): (4, 0),
        }

    async def test_late_report_of_a_retired_worker(self, tmp_path: Path) -> None:
        """What a worker tells after it was retired is not remembered: it would count twice."""
        async with self._opened(tmp_path) as store:
            await store.commit(Save(accounts={("w-1", _CELL): (1, 0)}))
            await store.retire(["w-1"])
            await store.commit(Save(accounts={("w-1", _CELL): (2, 0), ("retired", _CELL): (0, 0)}))
            assert (await store.load()).accounts == {("retired", _CELL): (1, 0)}

    async def test_accounts_that_do_not_add(self, tmp_path: Path) -> None:
        """Accounts of different lengths are not folded, and all of them stay as they are."""
        accounts: dict[tuple[str, Cell], Counts] = {
            ("w-1", _CELL): (1, 0),
            ("w-2", _CELL): (1, 0, 0),
        }
        async with self._opened(tmp_path) as store:
            await store.commit(Save(accounts=accounts))
            assert "do not add" in await _refusal(store.retire(["w-1", "w-2"]))
            assert (await store.load()).accounts == accounts

    async def test_closed_store_says_so(self, tmp_path: Path) -> None:
        """A store that is not open refuses; to close it twice is harmless, to open it twice not."""
        store = self.make(tmp_path)
        assert "not open" in await _refusal(store.commit(_WHOLE))
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


_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_CELL = Cell(
    trial_id=TrialId("int8"), epoch=1, stage=0, metric=MetricName("correct"), slice=EVERYTHING
)
_WAITING = Awaiting(
    trial_id=TrialId("int8"),
    epoch=1,
    exchange_id=ExchangeId("x-1"),
    baseline="cat",
    optimized=None,
    slices=frozenset({EVERYTHING, SliceName("edge")}),
    received_at=_NOON,
)


def _entry(sentence: str, data: Mapping[str, Any] | None = None) -> Entry:
    return Entry(
        at=_NOON,
        trial_id=TrialId("int8"),
        kind=EntryKind.VERDICT,
        sentence=sentence,
        data=data or {},
    )


_WHOLE = Save(
    entries=[_entry("It holds.", {"log_e_value": 1.5})],
    snapshots={TrialId("int8"): {"phase": "shadowing", "bets": [0.25, 1e-12], "note": None}},
    accounts={("w-1", _CELL): (0, 12, 0, 3)},
    awaiting=[_WAITING],
    labels={ExchangeId("x-1"): "cat"},
)


def _assert_whole(saved: Saved) -> None:
    assert saved == Saved(
        snapshots=_WHOLE.snapshots,
        accounts=_WHOLE.accounts,
        awaiting=tuple(_WHOLE.awaiting),
        labels=_WHOLE.labels,
        last_number=1,
    )


async def _refusal(doing: Awaitable[object]) -> str:
    """Return the StoreError's message."""
    try:
        await doing
    except StoreError as error:
        return str(error)
    msg = "it was done, and should have been refused"
    raise AssertionError(msg)


# --- scoring/ --------------------------------------------------------------


class ScorerContract:
    """
    What `scoring.scorer.Scorer` promises.

    The pairs must be such that each metric is observed on at least one of them.
    """

    settings: ScoringSettings = ScoringSettings()
    """What the scorer is made with; name others where it does nothing by default."""

    def make(self, settings: ScoringSettings) -> Scorer:
        """Return a new scorer."""
        raise NotImplementedError

    def pairs(self) -> Sequence[Pair]:
        """Return pairs of good replies that the scorer has something to say about."""
        raise NotImplementedError

    def test_metrics_are_declared_once(self) -> None:
        """Each metric has a name of its own and a sentence for people."""
        metrics = self.make(self.settings).metrics
        assert metrics
        assert len({metric.name for metric in metrics}) == len(metrics)
        assert all(metric.name and metric.sentence for metric in metrics)

    def test_observations_are_well_formed(self) -> None:
        """Each observation is of a declared metric, and has one of the forms of its kind."""
        scorer = self.make(self.settings)
        for pair in self._all_pairs():
            assert complaint(scorer.metrics, scorer.score(pair)) == ""

    def test_every_metric_is_observed(self) -> None:
        """No metric is declared that is never observed."""
        scorer = self.make(self.settings)
        observed = {each.metric for pair in self.pairs() for each in scorer.score(pair)}
        assert observed == {metric.name for metric in scorer.metrics}

    def test_same_pair_is_scored_the_same(self) -> None:
        """A score depends on the pair alone: not on the scorer's past, and not on chance."""
        scorer = self.make(self.settings)
        first = [list(scorer.score(pair)) for pair in self._all_pairs()]
        again = [list(self.make(self.settings).score(pair)) for pair in self._all_pairs()]
        later = [list(scorer.score(pair)) for pair in reversed(self._all_pairs())]
        assert first == again == later[::-1]

    def test_model_against_itself(self) -> None:
        """A reply held against itself is at no distance, and its verdicts are equal."""
        scorer = self.make(self.settings)
        for pair in self.pairs():
            for each in scorer.score(replace(pair, optimized=pair.baseline)):
                assert each.distance in {None, 0.0}
                assert each.baseline == each.optimized

    def test_quality_of_a_failed_reply_is_not_read(self) -> None:
        """Of a reply that failed nothing is measured but how the model served."""
        scorer = self.make(self.settings)
        scopes = {metric.name: metric.scope for metric in scorer.metrics}
        for pair in self.pairs():
            for failed in _failures_of(pair):
                for each in scorer.score(failed):
                    assert each.missing or scopes[each.metric] is Scope.STAGE

    def test_failed_baseline_excuses_nothing_and_blames_nobody(self) -> None:
        """Without a baseline there is no quality to hold the other against: nothing is missing."""
        scorer = self.make(self.settings)
        scopes = {metric.name: metric.scope for metric in scorer.metrics}
        for pair in self.pairs():
            failed = replace(pair, baseline=_failed(pair.baseline, Outcome.ERROR))
            observed = {scopes[each.metric] for each in scorer.score(failed)}
            assert observed <= {Scope.STAGE}

    def _all_pairs(self) -> list[Pair]:
        return [each for pair in self.pairs() for each in (pair, *_failures_of(pair))]


def _failures_of(pair: Pair) -> list[Pair]:
    """Return the pair as it would be if the optimized model had failed, in each way."""
    return [
        replace(pair, optimized=_failed(pair.optimized, outcome))
        for outcome in Outcome
        if outcome is not Outcome.OK
    ]


def _failed(reply: Reply, outcome: Outcome) -> Reply:
    return replace(reply, outcome=outcome, answer=None)


# --- traffic/codecs/ -------------------------------------------------------

HOSTILE_BODIES = (
    b"",
    b"\x00\xff\xfe",
    b"\xef\xbb\xbf",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"0",
    b'{"a": NaN}',
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"a": 1, "a": 2}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"choices": 1, "outputs": 1, "inputs": 1, "messages": 1}',
    b'{"choices": [1], "outputs": [1], "inputs": [1], "messages": [1]}',
    b'{"choices": [{"message": 1}], "outputs": [{"name": 1}]}',
    b'data: {"choices": [{"delta": 1}]}\n\n',
    b"data: \n\ndata: {\n\n",
    b"\x1f\x8b\x08\x00",
)
"""What strangers send; none of it may do more to a codec than make it refuse."""


class CodecContract:
    """What `codec.Codec` promises."""

    settings: ClassVar[Mapping[str, Any]] = {}
    """A route's `codec_settings`, as the suite is to use them."""

    def make(self, settings: Mapping[str, Any]) -> Codec:
        """Return a codec."""
        raise NotImplementedError

    def a_request(self) -> Exchange:
        """Return a request that is to be mirrored; its body is a JSON object."""
        raise NotImplementedError

    def an_answer(self) -> tuple[int, Headers, bytes]:
        """Return the status, headers and body of a good answer."""
        raise NotImplementedError

    def test_unknown_setting_is_refused(self) -> None:
        """A setting that the codec does not know is a ValueError that names it."""
        problem = ""
        try:
            self.make({"no_such_setting": "x"})
        except ValueError as error:
            problem = str(error)
        assert "no_such_setting" in problem

    def test_request_is_to_be_mirrored(self) -> None:
        """A request of the format is not skipped."""
        assert not self.make(self.settings).read_request(self.a_request()).skip

    def test_get_of_another_path_is_skipped(self) -> None:
        """A request for something else than an answer of the model is skipped."""
        other = replace(self.a_request(), method="GET", target="/metrics", body=b"")
        assert self.make(self.settings).read_request(other).skip == "not_inference"

    def test_answer_says_something(self) -> None:
        """A good answer is whole, without an error, and has content."""
        status, headers, body = self.an_answer()
        answer = self.make(self.settings).read_answer(status=status, headers=headers, body=body)
        assert answer.error is None
        assert not answer.incomplete
        content = (answer.text, answer.label, answer.fields, answer.tool_calls or None)
        assert content != (None, None, None, None)

    def test_no_state_between_calls(self) -> None:
        """The same bytes read the same, whatever was read in between."""
        codec = self.make(self.settings)
        status, headers, body = self.an_answer()
        first = codec.read_answer(status=status, headers=headers, body=body)
        for hostile in HOSTILE_BODIES:
            _read_or_refused(codec, status, headers, hostile)
        assert codec.read_answer(status=status, headers=headers, body=body) == first

    def test_hostile_bytes_are_read_or_refused(self) -> None:
        """Whatever the bytes, a codec reads them or raises CodecError, and nothing else."""
        codec = self.make(self.settings)
        request, (status, headers, body) = self.a_request(), self.an_answer()
        cut = [body[:at] for at in range(0, len(body), max(1, len(body) // 50))]
        for hostile in (*HOSTILE_BODIES, *cut):
            _read_or_refused(codec, status, headers, hostile)
            with suppress(CodecError):
                codec.read_request(replace(request, body=hostile))
            with suppress(CodecError):
                codec.rewrite(hostile, model="other", parameters={"seed": 7})

    def test_refusal_quotes_nothing(self) -> None:
        """An error's text quotes nothing of the bytes, which may hold secrets."""
        codec = self.make(self.settings)
        secret = b"canary-7f3a"
        bodies = [
            secret,
            b'{"%s": ' % secret,
            b'{"%s": 1, "%s": 2}' % (secret, secret),
            b'data: {"%s"\n\n' % secret,
        ]
        for body in bodies:
            assert secret.decode() not in _read_or_refused(codec, 200, (), body)

    def test_rewrite_of_nothing(self) -> None:
        """With nothing to change the bytes stay as they are."""
        body = self.a_request().body
        assert self.make(self.settings).rewrite(body, model=None, parameters={}) == body

    def test_rewrite_sets_and_keeps(self) -> None:
        """Parameters are set, and everything else of the request is kept."""
        body = self.a_request().body
        codec = self.make(self.settings)
        changed = codec.rewrite(body, model=None, parameters={"seed": 7})
        assert loads(changed) == {**loads(body), "seed": 7}

    def test_rewrite_is_stable(self) -> None:
        """The same request is always rewritten to the same bytes; twice changes no more."""
        body = self.a_request().body
        codec = self.make(self.settings)
        once = codec.rewrite(body, model="other", parameters={"seed": 7})
        assert codec.rewrite(body, model="other", parameters={"seed": 7}) == once
        assert codec.rewrite(once, model="other", parameters={"seed": 7}) == once


def _read_or_refused(codec: Codec, status: int, headers: Headers, body: bytes) -> str:
    """Return the refusal's text; empty if the bytes were read."""
    try:
        codec.read_answer(status=status, headers=headers, body=body)
    except CodecError as error:
        return str(error)
    return ""


# --- console/ --------------------------------------------------------------


class ScriptedDesk:
    """
    A desk (console/desk.py) that shows the view it was given and does what people ask to that view.

    What was asked is in `asked`, what was labelled in `labels`; `refuses` is raised by every
    operation, `unreachable` by whatever needs the journal.
    """

    def __init__(
        self, view: DaemonView, *, rows: Sequence[Row] = (), waiting: Collection[ExchangeId] = ()
    ) -> None:
        self._view = view
        self._rows = sorted(rows, key=lambda row: row.number, reverse=True)
        self._waiting = frozenset(waiting)
        self.asked: list[tuple[TrialId, Operation, str, str]] = []
        self.labels: list[Label] = []
        self.reloads = 0
        self.evidence: int | None = None
        self.refuses: RefusedError | None = None
        self.unreachable: StoreError | None = None
        self.wrong: ConfigError | None = None
        """What a reload finds."""

    def view(self) -> DaemonView:
        """See `Desk.view`."""
        return self._view

    def show(self, **changes: Any) -> None:  # noqa: ANN401 - any field of DaemonView
        """Change what is shown."""
        self._view = replace(self._view, **changes)

    async def ask(
        self,
        trial_id: TrialId,
        operation: Operation,
        *,
        operator: str,
        reason: str,
        evidence: int | None = None,
    ) -> RolloutState:
        """See `Desk.ask`."""
        self.evidence = evidence
        trials = {trial.trial_id: trial for trial in self._view.trials}
        before = trials[trial_id]
        for error in (self.unreachable, self.refuses):
            if error is not None:
                raise error
        self.asked.append((trial_id, operation, operator, reason))
        state = _operated(before.state, operation)
        trials[trial_id] = replace(before, state=state)
        self.show(trials=tuple(trials.values()))
        return state

    def label(self, labels: Sequence[Label]) -> int:
        """See `Desk.label`."""
        self.labels += labels
        return sum(label.exchange_id in self._waiting for label in labels)

    async def journal(
        self, *, trial_id: TrialId | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """See `Desk.journal`."""
        if self.unreachable is not None:
            raise self.unreachable
        wanted = [
            row
            for row in self._rows
            if trial_id in {None, row.entry.trial_id} and (before is None or row.number < before)
        ]
        return wanted[:limit]

    async def reload(self) -> None:
        """See `Desk.reload`."""
        if self.wrong is not None:
            raise self.wrong
        self.reloads += 1


def _operated(state: RolloutState, operation: Operation) -> RolloutState:
    if operation is Operation.LOOSEN:
        return replace(state, epoch=state.epoch + 1)
    if operation in {Operation.PAUSE, Operation.RESUME}:
        return replace(state, paused=operation is Operation.PAUSE)
    back = operation is Operation.ROLL_BACK
    phase = Phase.ROLLED_BACK if back else Phase.SHADOWING
    return replace(state, phase=phase, stage_index=-1, desired_weight=NO_TRAFFIC)
