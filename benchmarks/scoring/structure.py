"""Structured answers: fields, distributions and rankings, beside their packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from deepdiff import DeepDiff
from scipy.spatial.distance import jensenshannon
from scipy.stats import kendalltau

from benchmarks.scoring.timing import microseconds
from shadowmon.records import Answer, Pair, Question, Tool, ToolCall
from shadowmon.scoring.classification.distributions import jensen_shannon
from shadowmon.scoring.classification.label import LabelScorer
from shadowmon.scoring.numeric.embedding import EmbeddingScorer
from shadowmon.scoring.numeric.ranking import RankingScorer
from shadowmon.scoring.numeric.ranks import kendall_distance, ndcg, rank_biased_overlap
from shadowmon.scoring.numeric.tensors import TensorsScorer
from shadowmon.scoring.scorer import Scorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.agreement import Comparison
from shadowmon.scoring.structure.entities import EntitiesScorer
from shadowmon.scoring.structure.fields import FieldsScorer, values_of
from shadowmon.scoring.structure.schema import SchemaScorer
from shadowmon.scoring.structure.tools import ToolsScorer
from tests.factories import a_pair, a_reply
from tests.receipts import other_digit, read_receipts


RECEIPTS = Path(__file__).parents[2] / "tests/data/sroie/keys.jsonl"
SETTINGS = ScoringSettings()
ROWS, LABELS = 1000, 20
_Measure = Callable[..., object]


def main(quick: bool) -> None:
    """Print all figures; a quick run takes fewer rounds, and its figures are rougher."""
    rounds = 3 if quick else 15
    print(f"\n{'microseconds per pair':<34}{'ours':>9}{'theirs':>10}{'ratio':>8}")
    for name, ours, theirs, arguments, package in (*_documents(), *_orders()):
        mine, beside = microseconds([ours, theirs], arguments, rounds)
        print(f"{name:<34}{mine:>9.1f}{beside:>10.1f}{beside / mine:>7.0f}x  ({package})")
    _print_divergence(rounds)
    print("\nmicroseconds per pair, whole scorers")
    for name, measure, pair in _scorers():
        (figure,) = microseconds([measure], [(pair,)] * 200, rounds)
        print(f"{name:<34}{figure:>9.1f}")
    print("\nmicroseconds, without a counterpart")
    for name, measure, operands in _alone():
        (figure,) = microseconds([measure], [operands] * 200, rounds)
        print(f"{name:<34}{figure:>9.1f}")


# --- Beside the packages ---------------------------------------------------


def _documents() -> list[tuple[str, _Measure, _Measure, Sequence[tuple[Any, Any]], str]]:
    nested = {f"group {at}": {f"field {to}": at * to for to in range(10)} for at in range(12)}
    lines = [{"item": f"item {at}", "price": at, "count": 1, "tax": "6 %"} for at in range(30)]
    changed = [*lines[:20], {**lines[20], "price": 0}, {**lines[21], "tax": "5 %"}, *lines[22:]]

    ours = Comparison(values_of(SETTINGS)).agreement

    def whatever_the_order(one: object, other: object) -> object:
        return DeepDiff(one, other, ignore_order=True)

    cases: list[tuple[str, _Measure, object, object, str]] = [
        (
            "120 leaves, nested",
            DeepDiff,
            nested,
            nested | {"group 3": {**nested["group 3"], "field 5": 1}},
            "deepdiff",
        ),
        ("120 leaves, 30 lines", DeepDiff, lines, changed, "deepdiff"),
        (
            "30 lines in another order",
            whatever_the_order,
            lines,
            changed[10:] + changed[:10],
            "deepdiff, ignore_order",
        ),
    ]
    receipts = [(each, other_digit(each)) for each in read_receipts(RECEIPTS)] * 10
    # Copied, as two answers are: what is the very same object is not looked into by either.
    return [
        (
            "JSON, 4 leaves",
            ours,
            DeepDiff,
            [(one, deepcopy(other)) for one, other in receipts],
            "deepdiff",
        ),
        *(
            (f"JSON, {name}", ours, theirs, [(one, deepcopy(other))] * 50, package)
            for name, theirs, one, other, package in cases
        ),
    ]


def _orders() -> list[tuple[str, _Measure, _Measure, Sequence[tuple[Any, Any]], str]]:
    rng = np.random.default_rng(1)
    order = list(range(50))
    orders = [(order, np.argsort(np.array(order) + rng.normal(0, 5, 50)).tolist())] * 50
    return [
        ("Kendall, 50 documents", kendall_distance, kendalltau, orders, "scipy"),
    ]


def _print_divergence(rounds: int) -> None:
    """Print Jensen-Shannon of a pair of dictionaries."""
    rng = np.random.default_rng(3)
    ones, others = (rng.dirichlet(np.ones(LABELS), ROWS) for _ in range(2))
    rows = list(zip(ones, others, strict=True))
    named = [
        tuple({f"label {at}": share for at, share in enumerate(row.tolist())} for row in pair)
        for pair in rows
    ]
    (ours,) = microseconds([jensen_shannon], named, rounds)
    (theirs,) = microseconds([jensenshannon], rows, rounds)
    label = f"JS, {LABELS} labels"
    print(f"{label:<34}{ours:>9.2f}{theirs:>10.1f}{theirs / ours:>7.0f}x  (scipy)")


# --- Whole scorers ---------------------------------------------------------


def _scorers() -> list[tuple[str, Callable[[Pair], object], Pair]]:
    vector = tuple(np.random.default_rng(4).normal(size=384).tolist())
    entities = [{"type": "LOC", "text": f"place {at}", "start": at, "end": at} for at in range(20)]
    shares = {f"label {at}": (at + 1) / 55 for at in range(10)}
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    tools = (Tool(name="weather", parameters=schema),)
    calls = tuple(ToolCall(name="weather", arguments={"total": at}) for at in range(2))
    cases: list[tuple[type[Scorer], Answer, Question | None]] = [
        (LabelScorer, Answer(label="label 1", probabilities=shares), Question()),
        (FieldsScorer, Answer(fields={"company": "x", "total": "9.00", "date": "1/2/2018"}), None),
        (SchemaScorer, Answer(fields={"total": 9}), Question(schema=schema)),
        (ToolsScorer, Answer(tool_calls=calls), Question(tools=tools)),
        (EntitiesScorer, Answer(fields=entities), None),
        (EmbeddingScorer, Answer(embeddings=(vector,)), None),
        (RankingScorer, Answer(ranking=tuple(map(str, range(50)))), None),
        (TensorsScorer, Answer(tensors={"logits": vector}), None),
    ]
    return [
        (
            kind.__name__,
            kind(SETTINGS).score,
            a_pair(a_reply(answer=answer), a_reply(answer=answer), question=question or Question()),
        )
        for kind, answer, question in cases
    ]


def _alone() -> list[tuple[str, _Measure, tuple[object, object]]]:
    rng = np.random.default_rng(5)
    orders = (list(range(50)), rng.permutation(50).tolist())
    return [
        ("nDCG@10, 50 documents", ndcg, orders),
        ("RBO, 50 documents", rank_biased_overlap, orders),
    ]


if __name__ == "__main__":
    main(quick=False)
