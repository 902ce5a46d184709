"""How many sound models' answers are taken for refusals or loops, or for another language."""

from __future__ import annotations

from pathlib import Path

from benchmarks.scoring.real_texts import answers, same_model_twice
from shadowmon.records import Answer
from shadowmon.scoring.text.language import hints, language_divergence, profile
from shadowmon.scoring.text.refusal import refuses
from shadowmon.scoring.text.repetition import repeats


def main(quick: bool, data: Path | None) -> None:  # noqa: ARG001 - every table is called so
    """Print the counts for each model."""
    print(f"\n{'answers that are marked':<30}{'answers':>9}{'refusal':>9}{'loop':>9}")
    for model, texts in answers(data).items():
        refusals = sum(refuses(Answer(text=text)) for text in texts)
        loops = sum(map(repeats, texts))
        print(f"{model:<30}{len(texts):>9}{refusals:>9}{loops:>9}")
    pairs = same_model_twice(data)
    apart = [
        language_divergence(profile(one, hints(one)), profile(other, hints(other)))
        for one, other in pairs
    ]
    print(f"of {len(pairs)} pairs of one model {sum(each == 1 for each in apart)} are in different")
    print(f"languages; scripts differ by {sum(apart) / len(apart):.4f} on average")
