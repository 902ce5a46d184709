"""
What measures of texts cost, each beside the package that it equals.

The texts are real answers, joined to about 200 tokens each. No pair comes twice in a round, so
nothing is remembered of a baseline. The words come again, and BLEU's tokens are read off what is
remembered of them, as in the panel. sacrebleu remembers the tokens of whole texts, which no traffic
repeats: it is measured with that memory emptied, and with it.
"""

from __future__ import annotations

import logging

from collections.abc import Callable, Sequence

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

from benchmarks.scoring.timing import microseconds
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text import bleu, rouge
from shadowmon.scoring.text.bleu import Bleu
from shadowmon.scoring.text.chrf import chrf
from shadowmon.scoring.text.chunks import chunks
from shadowmon.scoring.text.grounding import Source
from shadowmon.scoring.text.language import hints, profile
from shadowmon.scoring.text.negation import negations
from shadowmon.scoring.text.normalize import same_prose
from shadowmon.scoring.text.quantities import quantities
from shadowmon.scoring.text.reading import Baseline, read
from shadowmon.scoring.text.repetition import repeats
from shadowmon.scoring.text.rouge import Rouge
from shadowmon.scoring.text.scorer import TextScorer
from tests.answers import real_pairs
from tests.factories import a_pair, a_reply


WORDS = 157
"""About 200 tokens."""


def main(quick: bool) -> None:
    """Print each measure, the parts of the panel, and the whole of it."""
    rounds = 3 if quick else 9
    texts = long_pairs()
    _print_measures(texts, rounds)
    _print_parts(texts, rounds)
    _print_panel(texts, rounds)


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
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    overlaps = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    characters, runs = CHRF(), BLEU(effective_order=True)
    print(f"\nmicroseconds per pair of {WORDS} words")
    print(f"{'measure':<14}{'ours':>8}{'theirs':>9}{'ratio':>8}")
    for measure, package, ours, theirs in (
        ("ROUGE-1, 2, L", "rouge-score", rouge_of, overlaps.score),
        ("chrF", "sacrebleu", chrf, lambda one, other: characters.sentence_score(other, [one])),
        ("BLEU", "sacrebleu", bleu_of, lambda one, other: _forgetful(runs, other, one)),
        ("BLEU", "told again", bleu_of, lambda one, other: runs.sentence_score(other, [one])),
    ):
        mine, beside = microseconds([ours, theirs], texts, rounds)
        print(f"{measure:<14}{mine:>8.0f}{beside:>9.0f}{beside / mine:>7.1f}x  ({package})")


def _forgetful(measure: BLEU, candidate: str, reference: str) -> float:
    Tokenizer13a.__call__.cache_clear()
    TokenizerRegexp.__call__.cache_clear()
    return float(measure.sentence_score(candidate, [reference]).score)


def rouge_of(reference: str, candidate: str) -> rouge.RougeScores:
    """Return all of ROUGE of two texts, nothing prepared."""
    return Rouge(rouge.tokens(reference)).score(rouge.tokens(candidate))


def bleu_of(reference: str, candidate: str) -> float:
    """Return BLEU of two texts, nothing prepared but the words of the language."""
    ours, theirs = (
        [token for chunk in chunks(bleu.cleaned(text)) for token in chunk.bleu]
        for text in (reference, candidate)
    )
    return Bleu(ours).score(theirs)


def _print_parts(texts: Sequence[tuple[str, str]], rounds: int) -> None:
    print("\nmicroseconds, parts of the panel")
    parts: dict[str, Callable[[str, str], object]] = {
        "read a text": lambda one, _: read(one),
        "prepare a baseline": lambda one, _: Baseline(one),
        "repetition": lambda one, _: repeats(one),
        "negations": lambda one, _: negations(one),
        "numbers": lambda one, _: quantities(one),
        "language": lambda one, _: profile(one, hints(one)),
        "sameness": same_prose,
        "grounding, both": lambda one, other: Source(one).share(other),
    }
    for name, figure in zip(parts, microseconds(list(parts.values()), texts, rounds), strict=True):
        print(f"{name:<20}{figure:>8.0f}")


def _print_panel(texts: Sequence[tuple[str, str]], rounds: int) -> None:
    scorer = TextScorer(ScoringSettings())
    fresh = [(a_pair(a_reply(one), a_reply(other)),) for one, other in texts]
    shared = [
        (a_pair(a_reply(texts[at // 3][0]), a_reply(other)),) for at, (_, other) in enumerate(texts)
    ]
    print("\npairs per second and core, the whole text panel")
    for name, pairs in (("one trial", fresh), ("three trials share a baseline", shared)):
        (figure,) = microseconds([scorer.score], pairs, rounds)
        print(f"{name:<30}{1e6 / figure:>8,.0f}  ({figure:.0f} microseconds)")
