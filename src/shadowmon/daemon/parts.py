"""
A replay's share as a file: what one process counted, to be added to what the others did.

Rule 1: parts add only if they were counted for the same limits, bets and metrics, their pairs mean
the same, and each shard is there once.
Rule 2: a part holds counts and limits; no answer, no id, no label.
"""

from __future__ import annotations

import json

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from pydantic import ValidationError

from shadowmon.errors import RefusedError
from shadowmon.evidence.ledger import merge
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import Cell, Counts, MetricName, SliceName
from shadowmon.store.canonical import to_json
from shadowmon.trial.plan import TrialPlan


FORMAT = "shadowmon replay part 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of n equal shares of all ids, by their hash."""

    number: int
    """From 1."""
    of: int

    def has(self, known: bytes) -> bool:
        """Is an id with this digest (8 bytes or more) in it?"""
        return int.from_bytes(known[:8], "big") % self.of == self.number - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was counted."""

    plan: TrialPlan
    shards: tuple[Shard, ...]
    pairs: int
    refused: Mapping[str, int]
    """Why a line was not counted -> how many."""
    scorer_failures: Mapping[str, int]
    labels_unused: int
    """Labels that the configuration does not expect."""
    last_at: datetime | None
    """The latest moment that a pair was recorded with."""
    accounts: Mapping[Cell, Counts]
    """All of epoch 1, and of stage 1 where stages are told apart."""


def config_hash(content: Any) -> str:  # noqa: ANN401 - what TrialPlan.fingerprint returns, or stored
    """
    Return what names the settings that decide: SHA-256 of their canonical JSON, as hex.

    To judge stored counts again needs no more of them than a fingerprint holds.
    """
    return sha256(to_json(content, where="the plan").encode()).hexdigest()


def plan_hash(plan: TrialPlan) -> str:
    """Return what names all that a plan's counts, and what is decided of them, depend on."""
    return config_hash([*plan.fingerprint(), {"meaning": dict(plan.meaning)}])


def together(parts: Sequence[Part]) -> Part:
    """
    Return the part that one process would have made.

    Raises:
        RefusedError: If they do not belong together, or one is missing or there twice.

    """
    if not parts:
        msg = "there is no part to merge"
        raise RefusedError(msg)
    first = parts[0]
    if len({_wanted(part) for part in parts}) > 1:
        msg = (
            "these parts were counted for different trials, limits, bets or scoring: "
            "they do not add"
        )
        raise RefusedError(msg)
    shards = tuple(sorted((s for part in parts for s in part.shards), key=lambda s: s.number))
    _refuse_unless_whole(shards)
    return Part(
        plan=first.plan,
        shards=(Shard(number=1, of=1),),
        pairs=sum(part.pairs for part in parts),
        refused=_added(part.refused for part in parts),
        scorer_failures=_added(part.scorer_failures for part in parts),
        labels_unused=sum(part.labels_unused for part in parts),
        last_at=max((part.last_at for part in parts if part.last_at), default=None),
        accounts=merge(part.accounts for part in parts),
    )


def _wanted(part: Part) -> str:
    metrics = msgspec.to_builtins(list(part.plan.metrics.values()))
    return config_hash([part.plan.trial_id, plan_hash(part.plan), metrics])


def _refuse_unless_whole(shards: Sequence[Shard]) -> None:
    of = {shard.of for shard in shards}
    if len(of) > 1:
        msg = f"parts of {' and of '.join(map(str, sorted(of)))} shards do not add"
        raise RefusedError(msg)
    there = Counter(shard.number for shard in shards)
    for number in range(1, of.pop() + 1):
        if there[number] != 1:
            problem = "missing" if not there[number] else f"there {there[number]} times"
            msg = f"shard {number}/{shards[0].of} is {problem}"
            raise RefusedError(msg)


def _added(many: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in many:
        total.update(each)
    return dict(total)


# --- As JSON ---------------------------------------------------------------


def to_file(part: Part) -> str:
    """Write a part; the same part always has the same text."""
    told = {
        "format": FORMAT,
        "config_hash": plan_hash(part.plan),
        "plan": _plan_to_json(part.plan),
        "shards": [[shard.number, shard.of] for shard in part.shards],
        "pairs": part.pairs,
        "refused": dict(part.refused),
        "scorer_failures": dict(part.scorer_failures),
        "labels_unused": part.labels_unused,
        "last_at": part.last_at.isoformat() if part.last_at else None,
        "accounts": sorted(
            [cell.metric, cell.slice, cell.stage, cell.rate, list(counts)]
            for cell, counts in part.accounts.items()
        ),
    }
    return to_json(told, where="the part") + "\n"


def from_file(text: str) -> Part:
    """
    Read what `to_file` wrote.

    Raises:
        RefusedError: If it is something else.

    """
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            msg = f'it is no part of a replay ("format" is not "{FORMAT}")'
            raise RefusedError(msg)
        plan = _plan_from_json(told["plan"])
        return Part(
            plan=plan,
            shards=tuple(Shard(number=number, of=of) for number, of in told["shards"]),
            pairs=told["pairs"],
            refused=told["refused"],
            scorer_failures=told["scorer_failures"],
            labels_unused=told["labels_unused"],
            last_at=datetime.fromisoformat(told["last_at"]) if told["last_at"] else None,
            accounts=dict(_account(plan, each) for each in told["accounts"]),
        )
    except (ValueError, TypeError, KeyError, msgspec.ValidationError, ValidationError) as error:
        msg = f"it is no part of a replay: {error}"
        raise RefusedError(msg) from error


def _plan_to_json(plan: TrialPlan) -> Any:  # noqa: ANN401 - JSON
    told = msgspec.to_builtins(plan, enc_hook=_settings)
    # The order of the metrics is the order in which they are shown; an object has none.
    return told | {"metrics": list(told["metrics"].values())}


def _plan_from_json(told: Any) -> TrialPlan:  # noqa: ANN401 - JSON
    metrics = {metric["name"]: metric for metric in told["metrics"]}
    return msgspec.convert(told | {"metrics": metrics}, TrialPlan, dec_hook=_read_settings)


def _account(plan: TrialPlan, told: Sequence[Any]) -> tuple[Cell, Counts]:
    metric, slice_name, stage, rate, counts = told
    cell = Cell(
        trial_id=plan.trial_id,
        epoch=1,
        stage=stage,
        metric=MetricName(metric),
        slice=SliceName(slice_name),
        rate=rate,
    )
    return cell, tuple(counts)


def _settings(value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    if isinstance(value, EvidenceSettings):
        return value.model_dump(mode="json")
    raise NotImplementedError


def _read_settings(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    if kind is EvidenceSettings:
        return EvidenceSettings.model_validate(value)
    raise NotImplementedError
