"""What whole scorers cost, and pairs through the pool of scorer processes."""

from __future__ import annotations

import asyncio
import time

from collections.abc import Sequence

from benchmarks.scoring.text import long_pairs
from benchmarks.scoring.timing import microseconds
from shadowmon.clock import SystemClock
from shadowmon.daemon.scorer_pool import ScorerPool
from shadowmon.records import Answer, Pair, Reply
from shadowmon.scoring.classification.label import LabelScorer
from shadowmon.scoring.service.scorer import ServiceScorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.fields import FieldsScorer
from shadowmon.scoring.tasks import scorers_for
from tests.factories import a_pair, a_reply


SETTINGS = ScoringSettings()


def main(quick: bool) -> None:
    """Print all figures; a quick run takes fewer rounds, and its figures are rougher."""
    texts = long_pairs()
    _print_scorers(texts, rounds=3 if quick else 9)
    _print_pool(texts, batches=20 if quick else 200)


def _print_scorers(texts: Sequence[tuple[str, str]], rounds: int) -> None:
    print("\nmicroseconds per pair, whole scorers")
    words = [a_pair(a_reply(one), a_reply(other)) for one, other in texts]
    labels = [a_pair(_labelled(at), _labelled(at + 1)) for at in range(50)]
    for scorer, pairs in (
        (LabelScorer(SETTINGS), labels),
        (FieldsScorer(SETTINGS), labels),
        (ServiceScorer(SETTINGS), words),
    ):
        (figure,) = microseconds([scorer.score], [(pair,) for pair in pairs], rounds)
        print(f"{type(scorer).__name__:<16}{figure:>8.1f}")


def _labelled(number: int) -> Reply:
    probabilities = {f"label {at}": (1 + (number + at) % 7) / 40 for at in range(10)}
    fields = {f"field {at}": (number * at) % 5 for at in range(10)}
    return a_reply(answer=Answer(label="a", probabilities=probabilities, fields=fields))


def _print_pool(texts: Sequence[tuple[str, str]], *, batches: int) -> None:
    pairs = [a_pair(a_reply(one), a_reply(other)) for one, other in texts]
    batch = (pairs * SETTINGS.batch_max)[: SETTINGS.batch_max]
    print(f"\npairs per second through the pool, {len(batch)} at a time, default scorers of chat")
    for processes in (1, 2):
        rate = asyncio.run(_pool_rate(batch, batches, processes))
        print(f"{processes} process{'es' if processes > 1 else ''}: {rate:,.0f}")


async def _pool_rate(batch: Sequence[Pair], batches: int, processes: int) -> float:
    settings = ScoringSettings(processes=processes)
    panels = {batch[0].trial_id: scorers_for("chat")}
    async with ScorerPool(settings, panels, SystemClock(), print) as pool:
        await asyncio.gather(*(pool.score(batch) for _ in range(processes)))
        began = time.perf_counter()
        await asyncio.gather(*(pool.score(batch) for _ in range(batches)))
        return batches * len(batch) / (time.perf_counter() - began)
