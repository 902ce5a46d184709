"""
A journal, judged again: what was decided then, and what today's rules say of the same counts.

Under the same rules, bets and levels the answer is the same to the last bit; `Rejudged.agrees` says
so. Under others it shows what they would have decided.

Rule: the hash chain is walked before anything of the journal is believed.
"""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import msgspec

from shadowmon.daemon.judged_again import judged_again
from shadowmon.daemon.parts import config_hash
from shadowmon.daemon.told import Told
from shadowmon.errors import StoreError
from shadowmon.records import Claim, EntryKind, TrialId, Verdict
from shadowmon.store.copy import copy_of
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Row, Store
from shadowmon.trial.plan import TrialPlan


_Json: TypeAlias = Mapping[str, Any]

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """One verdict of the journal."""

    row: Row
    decision_then: str
    grade_then: str
    config_hash_then: str
    """Of the settings that decided then; empty if the journal does not tell."""
    now: Verdict | None
    """None if the trial is not configured any more."""
    config_hash_now: str
    unknown: tuple[str, ...] = ()
    """Rules of today that ask about what was not counted then."""
    changed: tuple[str, ...] = ()
    """Rules whose e-value or need is another one than then."""
    same_needs: bool = True
    """Does each rule need what it needed then? Another ladder is no other fingerprint, but shares
    the error rate of its stages otherwise."""

    @property
    def same_rules(self) -> bool:
        """Were the settings that decide the same?"""
        known = bool(self.config_hash_then) and self.same_needs
        return known and self.config_hash_then == self.config_hash_now

    @property
    def agrees(self) -> bool:
        """Is the decision the same, and what it is known for?"""
        if self.now is None:
            return False
        return (self.now.decision.value, self.now.grade.value) == (
            self.decision_then,
            self.grade_then,
        )

    @property
    def is_broken(self) -> bool:
        """Is something different that must not be: the same rules, and not the same to a bit?"""
        return self.same_rules and bool(self.changed or not self.agrees)


def judge_file(
    path: Path, plans: Mapping[TrialId, TrialPlan], *, only: TrialId | None = None
) -> tuple[int, Sequence[Rejudged]]:
    """
    Judge every verdict of a database's journal again; a daemon may be writing it meanwhile.

    Returns:
        How many entries its hash chain has, and its verdicts.

    Raises:
        StoreError: If it cannot be read, or the chain is broken.

    """

    async def whole(copy: Path) -> tuple[int, Sequence[Rejudged]]:
        store = SqlStore(StoreSettings(path=copy))
        await store.open()
        try:
            entries = await store.verify()
            return entries, [each async for each in rejudge(store, plans, only=only)]
        finally:
            await store.close()

    with TemporaryDirectory(prefix="shadowmon-") as folder:
        try:
            return asyncio.run(whole(copy_of(path, Path(folder))))
        except StoreError as error:
            problem = str(error).rpartition("copy.db: ")[2]
            msg = problem if problem.startswith(f"{path}: ") else f"{path}: {problem}"
            raise StoreError(msg) from error


async def rejudge(
    store: Store, plans: Mapping[TrialId, TrialPlan], *, only: TrialId | None = None
) -> AsyncIterator[Rejudged]:
    """
    Judge every verdict of a journal again, the oldest first.

    Args:
        store: Open. Its chain is for the caller to verify (`Store.verify`).
        plans: Today's.
        only: One trial's verdicts.

    Raises:
        StoreError: If the journal cannot be read.

    """
    told: dict[TrialId, Told] = {}
    for row in await _oldest_first(store, only):
        trial_id = row.entry.trial_id
        known = told.setdefault(trial_id, Told())
        known.hear(row)
        if row.entry.kind is EntryKind.VERDICT:
            yield _rejudged(row, known, plans.get(trial_id))


async def _oldest_first(store: Store, only: TrialId | None) -> Sequence[Row]:
    found: list[Row] = []
    before: int | None = None
    while page := await store.journal(trial_id=only, before=before, limit=_PAGE):
        found += page
        before = page[-1].number
    return found[::-1]


def _rejudged(row: Row, told: Told, plan: TrialPlan | None) -> Rejudged:
    data = row.entry.data
    known = Rejudged(
        row=row,
        decision_then=data["decision"],
        grade_then=data["grade"],
        config_hash_then=told.config_hash,
        now=None,
        config_hash_now="",
    )
    if plan is None:
        return known
    now, unknown = judged_again(row, told, plan)
    return replace(
        known,
        now=now,
        config_hash_now=config_hash(plan.fingerprint()),
        unknown=unknown,
        changed=tuple(_changed(data["reasons"], now)),
        same_needs=_needs(now)
        == {_key(then): _float(then, "log_e_needed") for then in data["reasons"]},
    )


def _changed(reasons: Sequence[_Json], now: Verdict) -> Iterator[str]:
    """Name the rules of then whose figures are not the same to the last bit now."""
    found = {
        (reason.rule, reason.claim): (reason.log_e_value, reason.log_e_needed, reason.grade)
        for reason in now.reasons
    }
    for then in reasons:
        figures = (_float(then, "log_e_value"), _float(then, "log_e_needed"), then["grade"])
        if found.get(_key(then)) != figures:
            yield then["rule"]


def _needs(now: Verdict) -> dict[tuple[str, Claim], float]:
    return {(reason.rule, reason.claim): reason.log_e_needed for reason in now.reasons}


def _key(then: _Json) -> tuple[str, Claim]:
    return then["rule"], msgspec.convert(then["claim"], Claim)


def _float(then: _Json, key: str) -> float:
    """Read a number; the store writes an infinite one as a word, which float() reads."""
    return float(then[key])
