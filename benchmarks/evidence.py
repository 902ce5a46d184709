"""
What one observation costs: to record it, and to weigh the claims again after every batch.

Two ways of weighing: a whole look of the control loop (look.py: evidence, fresh beginnings,
intervals, verdict, receipts), and the bare e-values of many cells (`Battery`, as in that look). And
what it costs to add up what many replicas published. One run, one process, processor
time; the last column compares with recording alone in that same run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import process_time

import numpy as np

from benchmarks.look import APART, CELLS, CLAIMS, SEED, TRIAL, looks
from shadowmon.evidence import outcomes
from shadowmon.evidence.battery import Battery
from shadowmon.evidence.confseq import interval
from shadowmon.evidence.eprocess import bet_on
from shadowmon.evidence.ledger import Ledger
from shadowmon.evidence.replicas import Published, add_up, merge, pack
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.weigh import Memory, Scales
from shadowmon.records import (
    EVERYTHING,
    Cell,
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
    SliceName,
    Worse,
)


BATCHES = (1, 16, 256, 4096)
REPLICAS = 256

CORRECT = Metric(
    name=MetricName("correct"), kind=MetricKind.VERDICTS, worse=Worse.LOWER, sentence="right"
)
JUDGED = Metric(
    name=MetricName("judged"),
    kind=MetricKind.SCORES,
    worse=Worse.LOWER,
    held_to=tuple((Contrast.RELATIVE_DROP, limit) for limit in (0.01, 0.02, 0.03, 0.05)),
    sentence="a judge's mark",
)
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
    """Print the table. `quick` takes a few seconds, else about half a minute."""
    observations = 20_000 if quick else 400_000
    scores = _scores(4096)
    rows = [_record(scores, observations)]
    rows += [_record_and_weigh(scores, batch, observations) for batch in BATCHES]
    rows += [_cells(metric, observations) for metric in (CORRECT, APART, JUDGED)]
    intervals = [
        _interval(contrast, counts, 200 if quick else 2_000)
        for contrast, counts in _accounts(scores).items()
    ]
    print(f"evidence: two metrics, {2 * len(RULES)} claims, 6 of them chained; seed {SEED}")
    print(f"{'per observation':<40}{'µs':>10}{'times':>10}{'x record':>10}")
    for row in rows:
        ratio = row.microseconds / rows[0].microseconds
        print(f"{row.what:<40}{row.microseconds:>10.2f}{row.times:>10}{ratio:>10.1f}")
    print(f"{'per look, and per merge':<40}{'µs':>10}{'times':>10}")
    times = 2 if quick else 10
    for row in [*(_look(times, grow_by) for grow_by in (200, 1, 0)), _merge(5 * times)]:
        print(f"{row.what:<40}{row.microseconds:>10.0f}{row.times:>10}")
    print(f"{'per interval':<40}{'µs':>10}{'times':>10}")
    for row in intervals:
        print(f"{row.what:<40}{row.microseconds:>10.2f}{row.times:>10}")


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
            accounts = {
                cell.metric: {cell.rate: counts} for cell, counts in ledger.totals().items()
            }
            _, memory = scales.weigh({claim: accounts[claim.metric] for claim in claims}, memory)

    return _row(f"record, weigh after {batch} pairs", run, 2 * batch * looks)


def _cells(metric: Metric, observations: int) -> Row:
    """Record one metric in 400 slices, and weigh four claims on the touched ones every 256."""
    generator = np.random.default_rng(SEED)
    ledger, battery = Ledger({metric.name: metric}), _battery(metric)
    pairs = [replace(_pair(), slices=frozenset({SliceName(f"s{n}")})) for n in range(CELLS)]
    batches = max(2, observations // 2560)
    scores = [
        Score(pair=pairs[cell], observations=(_seen(metric, generator),))
        for cell in generator.integers(0, CELLS, 256 * 16).tolist()
    ]

    for score in scores:  # a cell is opened once in its life
        ledger.record(score)
    ledger.take_changed()

    def run() -> None:
        for batch in range(batches):
            for score in scores[256 * (batch % 16) : 256 * (batch % 16 + 1)]:
                ledger.record(score)
            for changed in ledger.take_changed_rows().values():
                battery.log_e_values(changed.accounts, which=changed.rows)

    return _row(f"the same, {CELLS} cells of {metric.kind}, 4 claims", run, 256 * batches)


def _look(times: int, grow_by: int) -> Row:
    what = f"a look at {CELLS * len(CLAIMS)} claims, {grow_by} pairs more in each"
    return _row(what, looks(times, grow_by), times)


def _battery(metric: Metric) -> Battery:
    """Return the bets on four claims about a metric."""
    contrast = Contrast.MEAN if metric is APART else Contrast.RELATIVE_DROP
    claims = [
        Claim(metric=metric.name, slice=EVERYTHING, contrast=contrast, limit=limit, side=side)
        for limit, side in CLAIMS
    ]
    return Battery(
        metric, [(claim, bet_on(claim, assumed_noise=0.03, metric=metric)) for claim in claims]
    )


def _seen(metric: Metric, generator: np.random.Generator) -> Observation:
    if metric is APART:
        distance = float(generator.beta(1, 20)) if generator.random() < 0.4 else 0.0
        return Observation(metric=metric.name, distance=distance)
    baseline, optimized = generator.random(2).tolist()
    if metric is JUDGED:
        return Observation(metric=metric.name, baseline=baseline, optimized=optimized)
    return Observation(metric=metric.name, baseline=baseline < 0.9, optimized=optimized < 0.9)


def _merge(times: int) -> Row:
    """Add up 256 replicas of 400 divergence cells each."""
    generator = np.random.default_rng(SEED)
    cells = [
        Cell(trial_id=TRIAL, epoch=1, stage=0, metric=APART.name, slice=SliceName(str(n)))
        for n in range(CELLS)
    ]
    packed = pack(dict.fromkeys(cells, (0,) * outcomes.places(APART)))
    known = {
        str(number): Published(
            number=1,
            accounts=replace(packed, row=generator.integers(0, 2**40, len(packed.row))),
        )
        for number in range(REPLICAS)
    }

    def run() -> None:
        for _ in range(times):
            add_up(published.accounts for published in merge(known, known).values())

    return _row(f"{REPLICAS} replicas of {CELLS} cells, 130 places", run, times)


def _interval(contrast: Contrast, counts: Counts, times: int) -> Row:
    metric = next(each for each in (CORRECT, APART) if CONTRASTS[each.name] is contrast)

    def run() -> None:
        for _ in range(times):
            interval(metric, contrast, {EVERY_ONE: counts}, alpha=0.05)

    return _row(f"interval of a {contrast}", run, times)


def _row(what: str, run: Callable[[], None], times: int) -> Row:
    begin = process_time()
    run()
    return Row(what=what, microseconds=(process_time() - begin) / times * 1e6, times=times)


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
        trial_id=TRIAL,
        epoch=1,
        stage=0,
        exchange_id=ExchangeId("x"),
        baseline=reply("baseline"),
        optimized=reply("optimized"),
        slices=frozenset({EVERYTHING}),
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
