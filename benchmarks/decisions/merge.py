"""
One stream, spread over many replicas.

Every request goes to one replica at random; after every request the replicas' evidence is put
together. Accounts of integers add up to the account of one stream, so what is decided, and when,
does not depend on the number of replicas. Two other ways to put evidence together stand beside it:
the average of the replicas' e-values, and bets that each replica learns from its own pairs, whose
wealth is multiplied (aGRAPA; Waudby-Smith and Ramdas, JRSS B 86, 2024). Both are
valid, and both wait longer the more replicas there are.
"""

from __future__ import annotations

import math

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions.bound import fewest
from benchmarks.decisions.laws import Law, flips
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import METRIC, PAIRED, Stake, stake
from benchmarks.decisions.table import NEVER, Effort, Table, mean, percent
from benchmarks.decisions.walk import first_proven_of
from shadowmon.evidence import replicas
from shadowmon.evidence.ledger import Ledger
from shadowmon.evidence.replicas import Published, Replicas
from shadowmon.records import (
    EVERYTHING,
    ExchangeId,
    ModelName,
    Outcome,
    Pair,
    Reply,
    Score,
    Side,
    TrialId,
)


SEED = 20_260_111
ALPHA = 0.05
RED_LINE, LOSS = 0.01, 0.02
REPLICAS = (1, 4, 32, 256)
PUBLISHES = 0.01
"""How often a replica publishes what it counted, per request."""

LARGEST_LEARNED = 0.5
"""aGRAPA's bets are at most this share of the one that a single pair could ruin."""

OURS = "shadowmon: accounts added"


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs, checked = effort.pick((40, 8_000, 2), (300, 30_000, 20))
    law = flips(LOSS)
    laid = stake(PAIRED, RED_LINE, Side.WORSE)
    bound = fewest(law, RED_LINE, Side.WORSE, span=PAIRED.span, alpha=ALPHA)
    made = Table(
        title=f"Requests until a roll-back (red line {RED_LINE:.0%}, true loss {LOSS:.0%}, bound "
        f"{bound:.0f}), looked at after every request, at most {pairs:,}",
        columns=("replicas", "how evidence is put together", "decided", "mean requests, of those"),
        seed=SEED,
    )
    generator = np.random.default_rng(SEED)
    drawn = law.draw(generator, (streams, pairs)).astype(np.int8)
    one_stream = first_proven_of(laid, law, drawn, alpha=ALPHA)
    for count in REPLICAS:
        at = generator.integers(0, count, size=(streams, pairs))
        ways = {
            OURS: one_stream,
            "average of e-values": _averaged(laid, law, drawn, at, count),
            "learned bets multiplied": _learned(law, drawn, at, count),
        }
        same = _same_accounts(law, drawn[:checked], at[:checked], count, generator)
        for way, times in ways.items():
            made.add(str(count), way, percent(times < NEVER), mean(times), n=streams)
        made.check(
            f"{count} replicas: totals sent twice, late and out of order add up to the very "
            f"integers of one stream ({checked} streams of {pairs:,})",
            holds=same,
        )
    return made


# --- Ours: the product's own ledgers ---------------------------------------


def _same_accounts(
    law: Law,
    drawn: NDArray[np.int8],
    at: NDArray[np.int64],
    replica_count: int,
    generator: np.random.Generator,
) -> bool:
    """Publish now and then; let every publication arrive twice, in any order; and add up."""
    scores = [_score(loss) for loss in law.losses.tolist()]
    for stream, places in zip(drawn.tolist(), at.tolist(), strict=True):
        alone, many = _ledgers(1)[0], _ledgers(replica_count)
        on_the_way: list[Replicas] = []
        for number, (pair, replica) in enumerate(zip(stream, places, strict=True)):
            alone.record(scores[pair])
            many[replica].record(scores[pair])
            if generator.random() < PUBLISHES:
                on_the_way.append(_published(replica, number, many[replica]))
        on_the_way += [_published(each, len(stream), ledger) for each, ledger in enumerate(many)]
        known: Replicas = {}
        for place in generator.permutation(2 * len(on_the_way)):
            known = replicas.merge(known, on_the_way[place // 2])
        if replicas.total(known) != alone.totals():
            return False
    return True


def _published(replica: int, number: int, ledger: Ledger) -> Replicas:
    accounts = replicas.pack(ledger.totals())
    return {str(replica): Published(number=number, accounts=accounts)}


def _ledgers(count: int) -> list[Ledger]:
    return [Ledger({METRIC: PAIRED.metric(RED_LINE)}) for _ in range(count)]


def _score(loss: float) -> Score:
    def reply(model: str) -> Reply:
        return Reply(model=ModelName(model), outcome=Outcome.OK, duration_seconds=0.1)

    pair = Pair(
        trial_id=TrialId("bench"),
        epoch=1,
        stage=0,
        exchange_id=ExchangeId("x"),
        baseline=reply("baseline"),
        optimized=reply("optimized"),
        slices=frozenset({EVERYTHING}),
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return Score(pair=pair, observations=(PAIRED.observe(loss),))


# --- Two other ways --------------------------------------------------------


def _averaged(
    laid: Stake, law: Law, drawn: NDArray[np.int8], at: NDArray[np.int64], replica_count: int
) -> Times:
    """Decide by the average of the replicas' e-values."""
    streams = len(drawn)
    factors, every = laid.factors(law), np.arange(streams)
    wealth = np.broadcast_to(laid.begin, (streams, replica_count, len(laid.begin))).copy()
    e_values = np.ones((streams, replica_count))
    proven = np.full(streams, NEVER)
    for number, (pair, place) in enumerate(_steps(drawn, at), start=1):
        wealth[every, place] *= factors[pair]
        e_values[every, place] = wealth[every, place].sum(axis=1)
        crossed = e_values.mean(axis=1) >= 1 / ALPHA
        np.minimum(proven, number, out=proven, where=crossed)
        if number % 100 == 0 and (proven < NEVER).all():
            break
    return proven


def _learned(law: Law, drawn: NDArray[np.int8], at: NDArray[np.int64], replica_count: int) -> Times:
    """Decide by the product of the replicas' wealth; each learns its bets from its own pairs."""
    streams = len(drawn)
    lower, upper = PAIRED.span
    scores = (law.losses - lower) / (upper - lower)
    middle = (RED_LINE - lower) / (upper - lower)
    every = np.arange(streams)
    count, total, squares = (np.full((streams, replica_count), start) for start in (1.0, 0.5, 0.25))
    wealth, proven = np.zeros(streams), np.full(streams, NEVER)
    for number, (pair, place) in enumerate(_steps(drawn, at), start=1):
        seen, score = count[every, place], scores[pair]
        gap = total[every, place] / seen - middle
        bet = gap / (squares[every, place] / seen + gap**2)
        wealth += np.log1p(np.clip(bet, 0, LARGEST_LEARNED / middle) * (score - middle))
        np.minimum(proven, number, out=proven, where=wealth >= math.log(1 / ALPHA))
        count[every, place] += 1
        total[every, place] += score
        squares[every, place] += (score - total[every, place] / (seen + 1)) ** 2
        if number % 100 == 0 and (proven < NEVER).all():
            break
    return proven


def _steps(
    drawn: NDArray[np.int8], at: NDArray[np.int64]
) -> Iterable[tuple[NDArray[np.int8], NDArray[np.int64]]]:
    return zip(drawn.T, at.T, strict=True)
