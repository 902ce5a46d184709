"""Real texts: the folder that `--data` names, or else the excerpts that the tests ship."""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from tests.answers import real_pairs


EXCERPT = Path(__file__).parents[2] / "tests" / "data" / "summeval" / "summaries.json"
ASPECTS = ("coherence", "consistency", "fluency", "relevance")
_MODELS = ("vicuna-13b-v1.5", "vicuna-13b-v1.5-togetherai", "alpaca-7b", "alpaca-7b_concise")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document of SummEval: summaries by system, and the experts' mean marks of each."""

    source: str
    reference: str
    """The newspaper's own highlights."""
    summaries: Mapping[str, str]
    marks: Mapping[str, Mapping[str, float]]


def documents(data: Path | None) -> list[Document]:
    """Return SummEval's documents, 100 of them or an excerpt."""
    file = EXCERPT if data is None else data / "summeval" / "summeval.json"
    return [
        Document(
            source=each["src"],
            reference=each["ref_summ"],
            summaries={name: one["sys_summ"] for name, one in each["sys_summs"].items()},
            marks={name: one["scores"] for name, one in each["sys_summs"].items()},
        )
        for each in json.loads(file.read_text(encoding="utf-8")).values()
    ]


def same_model_twice(data: Path | None) -> list[tuple[str, str]]:
    """Return what one model answered to the same instructions on two serving stacks."""
    if data is None:
        return list(real_pairs()[:60])
    one, other = (_answers(data, model) for model in _MODELS[:2])
    return [(one[asked], other[asked]) for asked in one if asked in other]


def answers(data: Path | None) -> dict[str, list[str]]:
    """Return each model's answers."""
    if data is None:
        return {
            "one": [one for one, _ in real_pairs()[:60]],
            "again": [again for _, again in real_pairs()[:60]],
            "smaller": [smaller for _, smaller in real_pairs()[60:]],
        }
    return {model: list(_answers(data, model).values()) for model in _MODELS}


def all_pairs(data: Path | None) -> Iterator[tuple[str, str]]:
    """Yield every two answers to one instruction, and every summary beside its reference."""
    if data is None:
        yield from real_pairs()
    else:
        for one, other in combinations([_answers(data, model) for model in _MODELS], 2):
            yield from ((one[asked], other[asked]) for asked in one if asked in other)
    for document in documents(data):
        yield from ((document.reference, summary) for summary in document.summaries.values())


def _answers(data: Path, model: str) -> dict[str, str]:
    file = data / "paired" / f"{model}.json"
    return {
        each["instruction"]: each["output"] for each in json.loads(file.read_text(encoding="utf-8"))
    }
