"""
What scoring costs: each measure beside the package that it equals, and pairs through the pool.

The texts are real answers, joined to about 200 tokens each. A ratio is of two figures of one run:
machines differ, and so do days.
"""

from __future__ import annotations

import asyncio
import time

from collections.abc import Callable, Sequence
from statistics import median

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.chrf import CHRF

from shadowmon.clock import SystemClock
from shadowmon.daemon.scorer_pool import ScorerPool
from shadowmon.records import Answer, Pair, Reply
from shadowmon.scoring.chrf import chrf
from shadowmon.scoring.fields import FieldsScorer
from shadowmon.scoring.label import LabelScorer
from shadowmon.scoring.repetition import repeats
from shadowmon.scoring.rouge import rouge_l, tokens
from shadowmon.scoring.service import ServiceScorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.tasks import scorers_for
from shadowmon.scoring.text import TextScorer
from tests.answers import real_pairs
from tests.factories import a_pair, a_reply


WORDS = 157
"""About 200 tokens."""
SETTINGS = ScoringSettings()


def main(quick: bool) -> None:
    """Print all figures; a quick run takes fewer rounds, and its figures are rougher."""
    rounds = 3 if quick else 9
    texts = long_pairs()
    _print_measures(texts, rounds)
    _print_scorers(texts, rounds)
    _print_pool(texts, batches=20 if quick else 200)


def long_pairs() -> list[tuple[str, str]]:
    """Return pairs of texts of `WORDS` words, joined from real answers."""
    joined = [
        tuple(" ".join(texts) for texts in zip(*real_pairs()[at : at + 8], strict=True))
        for at in range(0, len(real_pairs()), 2)
    ]
    return [
        (" ".join(one.split(" ")[:WORDS]), " ".join(other.split(" ")[:WORDS]))
        for one, other in joined
        if min(len(one.split(" ")), len(other.split(" "))) >= WORDS
    ]


def _print_measures(texts: Sequence[tuple[str, str]], rounds: int) -> None:
    rouge, sacrebleu = RougeScorer(["rougeL"], use_stemmer=False), CHRF()
    print(f"\nmicroseconds per pair of {WORDS} words")
    print(f"{'measure':<12}{'ours':>8}{'theirs':>9}{'ratio':>7}")
    for measure, package, ours, theirs in (
        ("ROUGE-L", "rouge-score", _rouge_l, rouge.score),
        ("chrF", "sacrebleu", chrf, lambda one, other: sacrebleu.sentence_score(other, [one])),
    ):
        mine, beside = _microseconds([ours, theirs], texts, rounds)
        print(f"{measure:<12}{mine:>8.0f}{beside:>9.0f}{beside / mine:>6.1f}x  ({package})")
    (alone,) = _microseconds([lambda one, other: (repeats(one), repeats(other))], texts, rounds)
    print(f"{'repetition':<12}{alone:>8.0f}")


def _rouge_l(reference: str, candidate: str) -> float:
    return rouge_l(tokens(reference), tokens(candidate))


def _print_scorers(texts: Sequence[tuple[str, str]], rounds: int) -> None:
    print("\nmicroseconds per pair, whole scorers")
    words = [a_pair(a_reply(one), a_reply(other)) for one, other in texts]
    labels = [a_pair(_labelled(at), _labelled(at + 1)) for at in range(50)]
    for scorer, pairs in (
        (TextScorer(SETTINGS), words),
        (LabelScorer(SETTINGS), labels),
        (FieldsScorer(SETTINGS), labels),
        (ServiceScorer(SETTINGS), words),
    ):
        (figure,) = _microseconds([scorer.score], [(pair,) for pair in pairs], rounds)
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


def _microseconds(
    measures: Sequence[Callable[..., object]],
    arguments: Sequence[tuple[object, ...]],
    rounds: int,
) -> list[float]:
    """Return the time of one call of each measure: rounds in turn, the median of each."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, seconds in zip(measures, taken, strict=True):
            began = time.perf_counter()
            for each in arguments:
                measure(*each)
            seconds.append(time.perf_counter() - began)
    return [median(seconds) / len(arguments) * 1e6 for seconds in taken]


if __name__ == "__main__":
    main(quick=False)
