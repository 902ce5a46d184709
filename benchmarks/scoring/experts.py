"""
Does a measure follow experts who mark summaries?

SummEval (A. Fabbri et al., "SummEval: Re-evaluating Summarization Evaluation", TACL 2021): sixteen
systems' summaries, marked by experts. As in a trial there is no reference but the baseline: the
system with the best mark over all stands for it, and the others are held against its summaries.
Kendall's tau-b between a measure and the marks, over the systems' means, and over the summaries of
one document, the mean of all documents.

With fifteen systems a tau over systems has a standard error of about .18. And a tau over summaries
of .2 says: never act on one summary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from numpy.typing import NDArray
from scipy.stats import kendalltau

from benchmarks.scoring.real_texts import ASPECTS, Document, documents
from shadowmon.scoring.text.chrf import chrf
from shadowmon.scoring.text.grounding import Source
from shadowmon.scoring.text.reading import as_baseline, read


Marks = NDArray[np.float64]
"""One row for each document, one column for each system."""

AGAINST_BEST: dict[str, Callable[[str, str], float]] = {
    "chrF": chrf,
    "ROUGE-1": lambda one, other: as_baseline(one).rouge.score(read(other).rouge).one,
    "ROUGE-2": lambda one, other: as_baseline(one).rouge.score(read(other).rouge).two,
    "ROUGE-L": lambda one, other: as_baseline(one).rouge.score(read(other).rouge).longest,
    "BLEU": lambda one, other: as_baseline(one).bleu.score(read(other).bleu),
}


def main(quick: bool, data: Path | None) -> None:  # noqa: ARG001 - every table is called so
    """Print the agreement of each measure with each aspect of the marks."""
    found = documents(data)
    print(f"\nKendall's tau with experts, systems/summaries, {len(found)} documents of SummEval")
    print(f"{'measure':<22}" + "".join(f"{aspect:>14}" for aspect in ASPECTS))
    best = best_system(found)
    for name, measure in AGAINST_BEST.items():
        figures = [agreement(found, measure, best, aspect) for aspect in ASPECTS]
        print(f"{name + ' to the best':<22}" + "".join(f"{_cell(each):>14}" for each in figures))
    figures = [grounding_agreement(found, aspect) for aspect in ASPECTS]
    print(f"{'grounding in source':<22}" + "".join(f"{_cell(each):>14}" for each in figures))


def best_system(found: Sequence[Document]) -> str:
    """Return the system whose summaries the experts like best, all aspects together."""
    systems = list(found[0].summaries)
    means = np.mean([_marks(found, systems, aspect) for aspect in ASPECTS], axis=(0, 1))
    return systems[int(np.argmax(means))]


def agreement(
    found: Sequence[Document], measure: Callable[[str, str], float], best: str, aspect: str
) -> tuple[float, float]:
    """Return how a similarity to the best system's summaries agrees with the others' marks."""
    systems = [system for system in found[0].summaries if system != best]
    measured = np.array(
        [
            [measure(each.summaries[best], each.summaries[system]) for system in systems]
            for each in found
        ]
    )
    return taus(measured, _marks(found, systems, aspect))


def grounding_agreement(found: Sequence[Document], aspect: str) -> tuple[float, float]:
    """Return how grounding in the source agrees with the marks."""
    systems = list(found[0].summaries)
    measured = []
    for each in found:
        source = Source(each.source)
        measured.append([source.share(each.summaries[system]) for system in systems])
    return taus(np.array(measured), _marks(found, systems, aspect))


def taus(measured: Marks, marks: Marks) -> tuple[float, float]:
    """Return Kendall's tau-b over the columns' means, and the mean of the rows' own."""
    rows = [kendalltau(*both).statistic for both in zip(measured, marks, strict=True)]
    return (
        float(kendalltau(measured.mean(0), marks.mean(0)).statistic),
        float(np.nanmean(rows)),  # where all marks of a document are the same there is none
    )


def _marks(found: Sequence[Document], systems: Sequence[str], aspect: str) -> Marks:
    return np.array([[each.marks[system][aspect] for system in systems] for each in found])


def _cell(figures: tuple[float, float]) -> str:
    return "/".join(f"{figure:.2f}" for figure in figures)
