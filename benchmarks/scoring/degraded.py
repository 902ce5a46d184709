"""
What does each metric see?

One model answered the same instructions on two serving stacks: that is how far it is from itself.
Then the second answer is damaged, in ways that models really are. A cell is the probability that a
metric puts a damaged answer further away than a sound one (the area under the ROC curve): .50 sees
nothing, 1.0 everything. That no metric sees all is why there is a panel of them.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from scipy.stats import rankdata

from benchmarks.scoring.real_texts import same_model_twice
from shadowmon.records import MetricName
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text.scorer import TextScorer
from tests.factories import a_pair, a_reply


SEED = 20240607
_LENGTH_MIN, _LENGTH_MAX = 150, 1500
_PAIRS = 500
_LETTERS = "abcdefghijklmnopqrstuvwxyz "

Damage = Callable[[str, np.random.Generator], str]


def _half(text: str, _: np.random.Generator) -> str:
    words = text.split(" ")
    return " ".join(words[: len(words) // 2])


def _loop(text: str, _: np.random.Generator) -> str:
    words = text.split(" ")
    third = len(words) // 3
    return " ".join(words[:third]) + (" " + " ".join(words[third - 6 : third])) * 25


def _shuffled(text: str, rng: np.random.Generator) -> str:
    return " ".join(rng.permutation(text.split(" ")))


def _noisy(text: str, rng: np.random.Generator) -> str:
    characters = list(text)
    for at in rng.choice(len(characters), len(characters) // 10, replace=False):
        characters[at] = _LETTERS[rng.integers(len(_LETTERS))]
    return "".join(characters)


def _negated(text: str, _: np.random.Generator) -> str:
    return re.sub(r"\b(is|are|was|were|can|will|should)\b", r"\1 not", text)


def _miscounted(text: str, _: np.random.Generator) -> str:
    return re.sub(r"\d{1,8}", lambda found: str(int(found[0]) + 7), text)


def _sentences_dropped(text: str, _: np.random.Generator) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", text)
    return " ".join(each for at, each in enumerate(sentences) if at % 3)


def _refused(_: str, __: np.random.Generator) -> str:
    return "I'm sorry, but I cannot assist with that request."


def _foreign(text: str, rng: np.random.Generator) -> str:
    """Every eighth word becomes Chinese, as a damaged multilingual model mixes it in."""
    words = text.split(" ")
    for at in range(7, len(words), 8):
        words[at] = "".join(map(chr, rng.integers(0x4E00, 0x9FA5, 2)))
    return " ".join(words)


DAMAGES: dict[str, Damage] = {
    "cut to a half": _half,
    "repetition loop": _loop,
    "words shuffled": _shuffled,
    "10 % of letters wrong": _noisy,
    "negated": _negated,
    "numbers changed": _miscounted,
    "a third of sentences": _sentences_dropped,
    "refusal": _refused,
    "foreign words": _foreign,
}


def main(quick: bool, data: Path | None) -> None:
    """Print one row for each damage, one column for each metric."""
    pairs = [
        (one[:_LENGTH_MAX], other[:_LENGTH_MAX])
        for one, other in same_model_twice(data)
        if min(len(one), len(other)) > _LENGTH_MIN
    ][: 100 if quick else _PAIRS]
    sound = measured(pairs)
    print(f"\nwhat each metric sees, {len(pairs)} pairs, seed {SEED}")
    names = [name.removesuffix("_divergence") for name in sound]
    print(f"{'':<23}" + "".join(f"{name[:10]:>11}" for name in names))
    print(f"{'mean, sound':<23}" + "".join(f"{np.mean(each):>11.3f}" for each in sound.values()))
    rng = np.random.default_rng(SEED)
    moved = [pairs[(at + 37) % len(pairs)][1] for at in range(len(pairs))]
    rows = {"another's answer": moved} | {
        name: [damage(other, rng) for _, other in pairs] for name, damage in DAMAGES.items()
    }
    for name, texts in rows.items():
        damaged = measured([(one, text) for (one, _), text in zip(pairs, texts, strict=True)])
        cells = "".join(f"{seen(sound[each], damaged[each]):>11.2f}" for each in sound)
        print(f"{name:<23}{cells}")


def measured(pairs: Sequence[tuple[str, str]]) -> dict[MetricName, list[float]]:
    """Return each metric's figures; of a verdict, 1 where only the second text has earned it."""
    scorer = TextScorer(ScoringSettings())
    found: dict[MetricName, list[float]] = {metric.name: [] for metric in scorer.metrics}
    for one, other in pairs:
        for each in scorer.score(a_pair(a_reply(one), a_reply(other))):
            worse = bool(each.optimized) and not each.baseline
            found[each.metric].append(float(worse) if each.distance is None else each.distance)
    return found


def seen(sound: Sequence[float], damaged: Sequence[float]) -> float:
    """Return the probability that a damaged one's figure is higher than a sound one's."""
    ranks = rankdata([*sound, *damaged])[len(sound) :]
    wins = ranks.sum() - len(damaged) * (len(damaged) + 1) / 2
    return float(wins / (len(sound) * len(damaged)))
