"""
Mathematics: what comparing two final answers costs beside math-verify, whether it agrees with the
verdicts that were published with GSM8K, and what formulas cost that nobody should calculate.

The pairs are real: the solutions of four models to the same problems.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from math_verify import parse, verify  # type: ignore[import-untyped] # the extra `math`, no stubs

from benchmarks.scoring.timing import microseconds
from shadowmon.assessors.settings import SymbolicMathSettings
from shadowmon.assessors.symbolic_math import SymbolicMathAssessor
from shadowmon.clock import SystemClock
from shadowmon.scoring.mathematics.equality import canonical, same_at_sight
from shadowmon.scoring.mathematics.final_answer import final_answer
from shadowmon.scoring.mathematics.scorer import ANSWERS_DIFFER
from tests.factories import a_pair, a_reply
from tests.formulas import HOSTILE


EXCERPT = Path("tests/data/gsm8k/solutions.jsonl")
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
PAIRS_MAX = 300
AGREEMENT_MIN = 0.998
TICK_SECONDS = 0.005


class Row(NamedTuple):
    """One line of the table of speed; microseconds per pair of texts."""

    measure: str
    ours: float
    theirs: float
    package: str


class Solution(NamedTuple):
    """A model's solution, the right one, and the verdict that was published."""

    text: str
    truth: str
    is_correct: bool


class Hostile(NamedTuple):
    """What a formula came to, and how long it took."""

    formula: str
    seconds: float
    finding: str


def main(quick: bool, data: Path | None) -> None:
    """Print all figures; `data` holds gsm8k/ (default: the excerpt in tests/data)."""
    problems = list(read(data))
    print(f"\n{'microseconds per pair':<24}{'ours':>8}{'theirs':>9}{'ratio':>8}")
    for row in rows(problems, rounds=3 if quick else 9):
        ratio = row.theirs / row.ours
        print(f"{row.measure:<24}{row.ours:>8.0f}{row.theirs:>9.0f}{ratio:>7.1f}x  ({row.package})")
    _print_agreement([solution for problem in problems for solution in problem])
    hostile, lag_seconds = asyncio.run(try_hostile(0.5 if quick else 2.0))
    print(f"\n{'seconds':>8}  finding   formula")
    for each in hostile:
        print(f"{each.seconds:>8.2f}  {each.finding:<8}  {each.formula[:60]}")
    print(f"{lag_seconds * 1000:>8.1f}  milliseconds: the event loop's longest lag meanwhile")


def rows(problems: Sequence[tuple[Solution, ...]], rounds: int) -> list[Row]:
    """Return what it costs to say of two texts whether they come to the same number."""
    pairs = [(one.text, other.text) for each in problems for one, other in combinations(each, 2)]
    sample = pairs[:: max(1, len(pairs) // PAIRS_MAX)]
    logging.disable(logging.WARNING)  # that it has no timeout, which would only slow it down
    ours, theirs = microseconds([_ours, _theirs], sample, rounds)
    logging.disable(logging.NOTSET)
    return [Row(measure="final answer", ours=ours, theirs=theirs, package="math-verify")]


def read(data: Path | None) -> Iterator[tuple[Solution, ...]]:
    """Yield each problem's solutions, of the excerpt or of the whole file in `data`."""
    file = EXCERPT if data is None else data / "gsm8k" / "example_model_solutions.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        if "solutions" in row:
            yield tuple(
                Solution(each["text"], row["truth"], each["is_correct"])
                for each in row["solutions"]
            )
        else:
            yield tuple(
                Solution(row[model]["solution"], row["ground_truth"], row[model]["is_correct"])
                for model in MODELS
            )


async def try_hostile(timeout_seconds: float) -> tuple[list[Hostile], float]:
    """Return what each hostile formula came to, and the event loop's longest lag in seconds."""
    settings = SymbolicMathSettings(timeout_seconds=timeout_seconds)
    found: list[Hostile] = []
    late: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            late.append(time.perf_counter() - began - TICK_SECONDS)

    async with (
        SymbolicMathAssessor(settings, SystemClock()) as assessor,
        asyncio.TaskGroup() as all_,
    ):
        ticker = all_.create_task(tick())
        for formula in HOSTILE:
            began = time.perf_counter()
            pair = a_pair(a_reply(rf"\boxed{{{formula}}}"), a_reply(r"\boxed{x+1}"))
            assessment = (await assessor.assess(pair))[ANSWERS_DIFFER]
            seconds = time.perf_counter() - began
            found.append(Hostile(formula, seconds, assessment.missing or str(assessment.distance)))
        ticker.cancel()
    return found, max(late)


def _ours(one: str, other: str) -> bool:
    ours, theirs = final_answer(one), final_answer(other)
    return ours is not None and theirs is not None and same_at_sight(ours, theirs) is True


def _theirs(one: str, other: str) -> bool:
    ours, theirs = parse(one, parsing_timeout=None), parse(other, parsing_timeout=None)
    return bool(verify(ours, theirs, timeout_seconds=None))


def _print_agreement(solutions: Sequence[Solution]) -> None:
    """Print how many published verdicts are reproduced; end with status 1 if it is too few."""
    at_sight = sum(_ours(each.text, each.truth) is each.is_correct for each in solutions)
    forms = sum(
        (canonical(each.text) == canonical(each.truth)) is each.is_correct for each in solutions
    )
    print(f"\npublished verdicts reproduced, of {len(solutions):,}")
    print(f"final answers   {at_sight:>6,}\ncanonical forms {forms:>6,}")
    if min(at_sight, forms) < AGREEMENT_MIN * len(solutions):
        sys.exit(f"fewer than {AGREEMENT_MIN:.1%} are reproduced")
