"""
Are the measures those of the packages that they are said to equal?

On every pair of real texts, and on each with its sides exchanged, ROUGE is held against
rouge-score, and chrF and BLEU against sacrebleu.
"""

from __future__ import annotations

import sys

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from benchmarks.scoring.real_texts import all_pairs
from shadowmon.scoring.text.reading import Baseline, read


TOLERANCE = 1e-9
_ROUGE = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
_CHRF, _BLEU = CHRF(), BLEU(effective_order=True)


def main(quick: bool, data: Path | None) -> None:
    """Print the largest difference of each measure; end with status 1 if one is too large."""
    pairs = list(islice(all_pairs(data), 0, None, 20 if quick else 1))
    found = differences(pairs)
    print(f"\nlargest difference over {2 * len(pairs):,} pairs of real texts")
    for measure, largest in found.items():
        print(f"{measure:<10}{largest:>10.1e}")
    if max(found.values()) > TOLERANCE:
        sys.exit(f"a difference is larger than {TOLERANCE:g}")


def differences(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Return for each measure the largest difference, both texts having been the reference."""
    largest: dict[str, float] = defaultdict(float)
    for one, other in pairs:
        for reference, candidate in ((one, other), (other, one)):
            ours, theirs = _ours(reference, candidate), _theirs(reference, candidate)
            for measure, figure in ours.items():
                largest[measure] = max(largest[measure], abs(figure - theirs[measure]))
    return dict(largest)


def _ours(reference: str, candidate: str) -> dict[str, float]:
    baseline, found = Baseline(reference), read(candidate)
    rouge = baseline.rouge.score(found.rouge)
    return {
        "ROUGE-1": rouge.one,
        "ROUGE-2": rouge.two,
        "ROUGE-L": rouge.longest,
        "chrF": baseline.chrf.score(candidate),
        "BLEU": baseline.bleu.score(found.bleu),
    }


def _theirs(reference: str, candidate: str) -> dict[str, float]:
    rouge = _ROUGE.score(target=reference, prediction=candidate)
    return {
        "ROUGE-1": rouge["rouge1"].fmeasure,
        "ROUGE-2": rouge["rouge2"].fmeasure,
        "ROUGE-L": rouge["rougeL"].fmeasure,
        "chrF": _CHRF.sentence_score(candidate, [reference]).score / 100,
        "BLEU": _BLEU.sentence_score(candidate, [reference]).score / 100,
    }
