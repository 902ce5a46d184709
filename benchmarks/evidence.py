"""
What one observation costs: to record it, and to weigh the claims again after every batch.

One run, one process; the last column compares with recording alone in that same run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

import numpy as np

from shadowmon.evidence.confseq import interval
from shadowmon.evidence.ledger import Ledger
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.weigh import Memory, Scales
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Counts,
    ExchangeId,
    Metric,
    MetricKind,
    MetricName,
    ModelName,
    Observation,
    Outcome,
    Pair,
    Reply,
    Score,
    Side,
    TrialId,
    Worse,
)


BATCHES = (1, 16, 256, 4096)
SEED = 1

CORRECT = Metric(
    name=MetricName("correct"), kind=MetricKind.VERDICTS, worse=Worse.LOWER, sentence="right"
)
APART = Metric(name=MetricName("divergence"), kind=MetricKind.DIVERGENCE, sentence="apart")
CONTRASTS = {CORRECT.name: Contrast.RELATIVE_DROP, APART.name: Contrast.MEAN}
RULES = (
    (0.02, Side.BETTER),
    (0.02, Side.WORSE),
    (0.03, Side.BETTER),
    (0.03, Side.WORSE),
    (0.05, Side.WORSE),
)
"""Acceptable, review, borderline, reject and red line, for each of the two metrics."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    microseconds: float
    times: int


def main(quick: bool) -> None:
    """Print the table. `quick` takes a second or two, else about half a minute."""
    observations = 20_000 if quick else 400_000
    scores = _scores(4096)
    rows = [_record(scores, observations)]
    rows += [_record_and_weigh(scores, batch, observations) for batch in BATCHES]
    intervals = [
        _interval(contrast, counts, 200 if quick else 2_000)
        for contrast, counts in _accounts(scores).items()
    ]
    print(f"evidence: two metrics, {2 * len(RULES)} claims, 6 of them chained; seed {SEED}")
    print(f"{'per observation':<34}{'µs':>10}{'times':>10}{'x record':>10}")
    for row in rows:
        ratio = row.microseconds / rows[0].microseconds
        print(f"{row.what:<34}{row.microseconds:>10.2f}{row.times:>10}{ratio:>10.1f}")
    print(f"{'per interval':<34}{'µs':>10}{'times':>10}")
    for row in intervals:
        print(f"{row.what:<34}{row.microseconds:>10.2f}{row.times:>10}")


def _record(scores: Sequence[Score], observations: int) -> Row:
    ledger = Ledger({CORRECT.name: CORRECT, APART.name: APART})
    times = observations // (2 * len(scores)) or 1

    def run() -> None:
        for _ in range(times):
            for score in scores:
                ledger.record(score)

    return _row("record", run, 2 * len(scores) * times)


def _record_and_weigh(scores: Sequence[Score], batch: int, observations: int) -> Row:
    metrics = {CORRECT.name: CORRECT, APART.name: APART}
    ledger, scales, claims = Ledger(metrics), _scales(), _claims()
    # Small batches weigh far more often: fewer observations tell as much about them.
    looks = max(4, min(observations // (2 * batch), observations // 100))

    def run() -> None:
        memory: Memory = {}
        for look in range(looks):
            for number in range(look * batch, (look + 1) * batch):
                ledger.record(scores[number % len(scores)])
            accounts = {cell.metric: counts for cell, counts in ledger.totals().items()}
            _, memory = scales.weigh({claim: accounts[claim.metric] for claim in claims}, memory)

    return _row(f"record, weigh after {batch} pairs", run, 2 * batch * looks)


def _interval(contrast: Contrast, counts: Counts, times: int) -> Row:
    def run() -> None:
        for _ in range(times):
            interval(contrast, counts, alpha=0.05)

    return _row(f"interval of a {contrast}", run, times)


def _row(what: str, run: Callable[[], None], times: int) -> Row:
    begin = perf_counter()
    run()
    return Row(what=what, microseconds=(perf_counter() - begin) / times * 1e6, times=times)


def _scales() -> Scales:
    claims = _claims()
    return Scales(
        metrics={CORRECT.name: CORRECT, APART.name: APART},
        settings=EvidenceSettings(),
        claims=claims,
        chained=[claim for claim in claims if claim.side is Side.WORSE],
    )


def _claims() -> list[Claim]:
    return [
        Claim(metric=name, slice=EVERYTHING, contrast=contrast, limit=limit, side=side)
        for name, contrast in CONTRASTS.items()
        for limit, side in RULES
    ]


def _accounts(scores: Sequence[Score]) -> dict[Contrast, Counts]:
    ledger = Ledger({CORRECT.name: CORRECT, APART.name: APART})
    for score in scores:
        ledger.record(score)
    return {CONTRASTS[cell.metric]: counts for cell, counts in ledger.totals().items()}


def _scores(count: int) -> list[Score]:
    """Return pairs of which 3 % differ in correctness and 40 % have some distance."""
    generator = np.random.default_rng(SEED)
    differ = generator.random(count) < 0.03
    right = generator.random(count) < 0.9
    distances = np.where(generator.random(count) < 0.4, generator.beta(1, 20, count), 0.0)
    return [
        Score(
            pair=_pair(),
            observations=(
                Observation(
                    metric=CORRECT.name,
                    baseline=bool(right[number]),
                    optimized=bool(right[number] ^ differ[number]),
                ),
                Observation(metric=APART.name, distance=float(distances[number])),
            ),
        )
        for number in range(count)
    ]


def _pair() -> Pair:
    def reply(model: str) -> Reply:
        return Reply(model=ModelName(model), outcome=Outcome.OK, duration_seconds=0.1)

    return Pair(
        trial_id=TrialId("bench"),
        epoch=1,
        stage=0,
        exchange_id=ExchangeId("x"),
        baseline=reply("baseline"),
        optimized=reply("optimized"),
        slices=frozenset({EVERYTHING}),
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
