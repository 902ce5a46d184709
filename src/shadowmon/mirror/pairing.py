"""
Join the replies to one exchange into one pair for each trial; and say why there is none. Pure.

| production's own answer | what it means |
|---|---|
| the user went away | no trial gets a pair: what was answered by then measures the user |
| the baseline's was cut short | no pair for its trials: a torn baseline is no yardstick |
| the optimized model's was cut short, or never came | a pair, and the failure is its measure |
| the baseline never answered | a pair: the error metric measures failures of both |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shadowmon.records import (
    Ending,
    Exchange,
    ModelName,
    Outcome,
    Pair,
    Reply,
    Served,
    TrialId,
)


CLIENT_GONE = "client_gone"
BASELINE_TRUNCATED = "baseline_truncated"
MISSING = "missing"
SHED = "shed"
FAILED = "failed"
"""A bug, of ours or of a plugin's. Never told by `pair`."""
UNPAIRED_REASONS = (CLIENT_GONE, BASELINE_TRUNCATED, MISSING, SHED, FAILED)
"""Every reason, for whoever counts them from the start."""

_BAD_STATUS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRef:
    """What pairing needs to know of a trial, as it stood when the exchange was received."""

    trial_id: TrialId
    baseline: ModelName
    optimized: ModelName
    epoch: int
    stage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What became of one exchange."""

    pairs: tuple[Pair, ...] = ()
    unpaired: tuple[tuple[TrialId, str], ...] = ()
    """Trials without a pair, each with one of `UNPAIRED_REASONS`."""


def models_needed(exchange: Exchange, trials: Iterable[TrialRef]) -> frozenset[ModelName]:
    """Return the models whose replies can become part of a pair, those of production included."""
    return frozenset(
        model
        for trial in trials
        if not _spoiled(exchange, trial)
        for model in (trial.baseline, trial.optimized)
    )


def seen_answers(exchange: Exchange) -> tuple[Served, ...]:
    """Return every model's answer that production saw: the served one, and those it had also."""
    served = () if exchange.served is None else (exchange.served,)
    return (*served, *exchange.also)


def known_replies(exchange: Exchange) -> dict[ModelName, Reply]:
    """
    Return the replies that production's own failures already are; they need no codec and no call.

    A complete answer is not among them: `Arm.reply_of` reads it.
    """
    failed = [exchange.failed_first, *filter(_has_failed, seen_answers(exchange))]
    return {served.model: failed_reply(served) for served in failed if served is not None}


def failed_reply(served: Served) -> Reply:
    """Turn a failed answer of production's own path into a reply."""
    outcome, problem = {
        Ending.UNREACHABLE: (Outcome.REFUSED, "no connection, or none of an answer"),
        Ending.TRUNCATED: (Outcome.RESET, "the answer was cut short"),
    }.get(served.ending, (Outcome.ERROR, f"status {served.status}"))
    return Reply(
        model=served.model,
        outcome=outcome,
        served=True,
        status=served.status,
        problem=problem,
        duration_seconds=served.duration_seconds,
        first_byte_seconds=served.first_byte_seconds,
    )


def pair(
    exchange: Exchange, replies: Mapping[ModelName, Reply], trials: Sequence[TrialRef]
) -> Pairing:
    """
    Make each trial's pair.

    Args:
        exchange: What production saw.
        replies: By model: from the mirror, and of production's own complete answer.
        trials: Those that watch the exchange's route.
    """
    replies = {**replies, **known_replies(exchange)}
    pairs: list[Pair] = []
    unpaired: list[tuple[TrialId, str]] = []
    for trial in trials:
        found = _paired(exchange, replies, trial)
        if isinstance(found, Pair):
            pairs.append(found)
        else:
            unpaired.append((trial.trial_id, found))
    return Pairing(pairs=tuple(pairs), unpaired=tuple(unpaired))


def _paired(exchange: Exchange, replies: Mapping[ModelName, Reply], trial: TrialRef) -> Pair | str:
    reason = _spoiled(exchange, trial)
    if reason:
        return reason
    baseline, optimized = replies.get(trial.baseline), replies.get(trial.optimized)
    if baseline is None or optimized is None:
        return MISSING
    if Outcome.SHED in {baseline.outcome, optimized.outcome}:
        return SHED
    return Pair(
        trial_id=trial.trial_id,
        epoch=trial.epoch,
        stage=trial.stage,
        exchange_id=exchange.id,
        baseline=baseline,
        optimized=optimized,
        slices=exchange.slices,
        received_at=exchange.received_at,
    )


def _spoiled(exchange: Exchange, trial: TrialRef) -> str:
    """Say why production's own answer lets this trial have no pair; empty if it may have one."""
    served = exchange.served
    if served is None:
        return ""
    if served.ending is Ending.CLIENT_GONE:
        return CLIENT_GONE
    if served.ending is Ending.TRUNCATED and served.model == trial.baseline:
        return BASELINE_TRUNCATED
    return ""


def _has_failed(served: Served) -> bool:
    if served.ending is Ending.COMPLETE:
        return served.status >= _BAD_STATUS
    return served.ending is not Ending.CLIENT_GONE
