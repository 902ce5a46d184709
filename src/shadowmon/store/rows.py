"""
Records to rows of the tables and back: cleaned on the way in, checked on the way out.

Pure; both directions raise StoreError, with the record or the row that cannot be translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from shadowmon.errors import StoreError
from shadowmon.records import (
    Awaiting,
    Cell,
    Choice,
    Counts,
    DeadLetter,
    Entry,
    EntryKind,
    ExchangeId,
    MetricName,
    Preference,
    SliceName,
    TrialId,
)
from shadowmon.store.accounts import pack, unpack
from shadowmon.store.canonical import clean, from_json, from_moment, to_json, to_moment
from shadowmon.store.store import Row


Columns: TypeAlias = dict[str, Any]
"""Column -> value."""

Read: TypeAlias = Mapping[Any, Any]
"""The same, as it was read."""


def of_journal(row: Row) -> Columns:
    """Write a link of the chain."""
    return {
        "number": row.number,
        "at": from_moment(row.entry.at, where="the entry's moment"),
        "trial_id": row.entry.trial_id,
        "kind": row.entry.kind.value,
        "sentence": row.entry.sentence,
        "data": to_json(row.entry.data, where="the entry's data"),
        "previous_hash": row.previous_hash,
        "hash": row.hash,
    }


def to_journal(read: Read) -> Row:
    """Read a link of the chain; whether it fits is for `chain.follow` to say."""
    try:
        entry = Entry(
            at=to_moment(read["at"]),
            trial_id=TrialId(read["trial_id"]),
            kind=EntryKind(read["kind"]),
            sentence=read["sentence"],
            data=from_json(read["data"]),
        )
    except ValueError as error:
        msg = f"journal entry {read['number']} cannot be read: {error}"
        raise StoreError(msg) from error
    return Row(
        number=read["number"], entry=entry, previous_hash=read["previous_hash"], hash=read["hash"]
    )


def of_snapshot(trial_id: TrialId, snapshot: Mapping[str, Any]) -> Columns:
    """Write a trial's snapshot."""
    where = f"the snapshot of {trial_id}"
    return {"trial_id": clean(trial_id), "snapshot": to_json(snapshot, where=where)}


def to_snapshot(read: Read) -> tuple[TrialId, Mapping[str, Any]]:
    """Read a trial's snapshot."""
    try:
        return TrialId(read["trial_id"]), from_json(read["snapshot"])
    except ValueError as error:
        msg = f"the snapshot of {read['trial_id']} cannot be read: {error}"
        raise StoreError(msg) from error


def of_account(worker: str, cell: Cell, counts: Counts) -> Columns:
    """Write what one worker's incarnation counted in one cell."""
    try:
        packed = pack(counts)
    except ValueError as error:
        msg = f"the account of {worker} in {cell}: {error}"
        raise StoreError(msg) from error
    return {
        "worker": clean(worker),
        "trial_id": clean(cell.trial_id),
        "epoch": cell.epoch,
        "stage": cell.stage,
        "metric": clean(cell.metric),
        "slice": clean(cell.slice),
        "rate": cell.rate,
        "counts": packed,
    }


def to_account(read: Read) -> tuple[tuple[str, Cell], Counts]:
    """Read what one worker's incarnation counted in one cell."""
    cell = Cell(
        trial_id=TrialId(read["trial_id"]),
        epoch=read["epoch"],
        stage=read["stage"],
        metric=MetricName(read["metric"]),
        slice=SliceName(read["slice"]),
        rate=read["rate"],
    )
    try:
        return (read["worker"], cell), unpack(read["counts"])
    except ValueError as error:
        msg = f"the account of {read['worker']} in {cell} cannot be read: {error}"
        raise StoreError(msg) from error


def of_awaiting(pair: Awaiting) -> Columns:
    """Write a pair that waits for its label."""
    return {
        "trial_id": clean(pair.trial_id),
        "exchange_id": clean(pair.exchange_id),
        "epoch": pair.epoch,
        "baseline": None if pair.baseline is None else clean(pair.baseline),
        "optimized": None if pair.optimized is None else clean(pair.optimized),
        "slices": to_json(sorted(pair.slices), where="the pair's slices"),
        "received_at": from_moment(pair.received_at, where="the pair's moment"),
        "rate": pair.rate,
        "cluster": clean(pair.cluster),
    }


def to_awaiting(read: Read) -> Awaiting:
    """Read a pair that waits for its label."""
    try:
        return Awaiting(
            trial_id=TrialId(read["trial_id"]),
            epoch=read["epoch"],
            exchange_id=ExchangeId(read["exchange_id"]),
            baseline=read["baseline"],
            optimized=read["optimized"],
            slices=frozenset(map(SliceName, from_json(read["slices"]))),
            received_at=to_moment(read["received_at"]),
            rate=read["rate"],
            cluster=read["cluster"],
        )
    except ValueError as error:
        msg = f"the pair {read['exchange_id']} that waits for a label cannot be read: {error}"
        raise StoreError(msg) from error


def of_preference(preference: Preference) -> Columns:
    """Write what a person preferred."""
    return {
        "trial_id": clean(preference.trial_id),
        "epoch": preference.epoch,
        "task": clean(preference.task),
        "reviewer": clean(preference.reviewer),
        "choice": preference.choice.value,
        "at": from_moment(preference.at, where="the preference's moment"),
    }


def to_preference(read: Read) -> Preference:
    """Read what a person preferred."""
    try:
        return Preference(
            trial_id=TrialId(read["trial_id"]),
            epoch=read["epoch"],
            task=ExchangeId(read["task"]),
            reviewer=read["reviewer"],
            choice=Choice(read["choice"]),
            at=to_moment(read["at"]),
        )
    except ValueError as error:
        msg = f"preference {read['number']} cannot be read: {error}"
        raise StoreError(msg) from error


def of_dead_letter(letter: DeadLetter) -> Columns:
    """Write what a reader could not be told."""
    return {
        "reader": clean(letter.reader),
        "number": letter.number,
        "message_id": clean(letter.message_id),
        "topic": clean(letter.topic),
        "sentence": clean(letter.sentence),
        "problem": clean(letter.problem),
        "tries": letter.tries,
        "at": from_moment(letter.at, where="the dead letter's moment"),
    }


def to_dead_letter(read: Read) -> DeadLetter:
    """Read what a reader could not be told."""
    try:
        return DeadLetter(**{**read, "at": to_moment(read["at"])})
    except ValueError as error:
        msg = f"dead letter {read['message_id']} cannot be read: {error}"
        raise StoreError(msg) from error
