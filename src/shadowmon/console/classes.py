"""
A classification class by class, as JSON and in a line: precision, recall and F1 of both models, and
how often each of them calls a class.

A difference here is the optimized model's figure minus the baseline's, as people say it: a negative
one is worse. The intervals hold for one look, and decide nothing (scoring/classification/f1.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from shadowmon.console.plain import plain
from shadowmon.scoring.classification.f1 import Classification, Compared
from shadowmon.scoring.classification.mix import Mix


Json: TypeAlias = Mapping[str, Any]


def classification(found: Classification | None) -> Json | None:
    """Return all figures; None if there are no classes, or no labels yet."""
    if found is None:
        return None
    return {
        "accuracy": _compared(found.accuracy),
        "macro_f1": _compared(found.macro_f1),
        "micro_f1": _compared(found.micro_f1),
        "classes": [
            {
                "class": name,
                "precision": _compared(found.precision[name]),
                "recall": _compared(found.recall[name]),
                "f1": _compared(f1),
            }
            for name, f1 in found.f1.items()
        ],
    }


def class_lines(told: Json | None) -> Iterator[str]:
    """Write the averages and the class that lost most, from what `classification` returned."""
    if told is None:
        return
    yield f"F1      macro {_in_words(told['macro_f1'])}; micro {_in_words(told['micro_f1'])}"
    known = [each for each in told["classes"] if each["f1"]["difference"] is not None]
    if known:
        worst = min(known, key=lambda each: (each["f1"]["difference"], each["class"]))
        yield (
            f"        of {len(told['classes'])} classes the worst is {plain(worst['class'])}: "
            f"{_in_words(worst['f1'])}"
        )


def mix(found: Mix | None) -> Json | None:
    """Return both models' mixes; None if there are no classes, or no pairs yet."""
    if found is None:
        return None
    return {
        "moved_bits": found.moved_bits,
        "by_chance_bits": found.by_chance_bits,
        "classes": [
            {"class": name, "baseline": share, "optimized": found.optimized[name]}
            for name, share in found.baseline.items()
        ],
    }


def mix_lines(told: Json | None) -> Iterator[str]:
    """Write how far the mix moved, and in which class most, from what `mix` returned."""
    if told is None:
        return
    most = max(told["classes"], key=lambda each: abs(each["optimized"] - each["baseline"]))
    name = "no class" if most["class"] is None else plain(most["class"])
    yield (
        f"mix     moved {told['moved_bits']:.4f} bits, by chance {told['by_chance_bits']:.4f}; "
        f"most {name}: {100 * most['baseline']:.1f} → {100 * most['optimized']:.1f} %"
    )


def _compared(figures: Compared) -> Json:
    return asdict(figures)


def _in_words(figures: Json) -> str:
    if figures["difference"] is None:
        return "not known yet"
    baseline, optimized, difference, lower, upper = (
        f"{100 * figures[key]:.1f}"
        for key in ("baseline", "optimized", "difference", "lower", "upper")
    )
    return f"{baseline} → {optimized} %, {difference} [{lower}, {upper}]"
