"""
The phase before people look: results of an offline benchmark, judged by a task's limits.

Two forms of result are judged (benchmark_results.py). *Paired* figures, one of each model for the
same question, are held against the limits by the same bets as live pairs (evidence/eprocess.py):
the sentence stays valid if the files grow and are judged again. *Summaries*, a mean and its
standard error of each model, say less: that both models were asked the same questions is lost, so
they are judged as two independent samples by the normal approximation. Every limit is linear in the
two means,

    score(limit) = baseline - optimized - limit x baseline

(of a good figure; signs turned of a bad one), so no ratio is estimated: a limit is kept if its
score is provably below 0, and the interval of the relative drop holds every limit whose score may
be 0 (Fieller, Some problems in interval estimation, JRSS B 16, 1954).

Rule 1: acceptance takes every figure, each at alpha: nothing is gained by many tries (Berger,
Multiparameter hypothesis testing and acceptance sampling, Technometrics 24, 1982). A rejection
takes one figure, at alpha shared by all.
Rule 2: what is proven neither way is for review; so is a baseline of 0, of which there is no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from shadowmon.policy.sentences import percent
from shadowmon.policy.settings import PRIMARY, PolicySettings, Task
from shadowmon.records import EVERYTHING, Contrast, Grade, Worse
from shadowmon.trial.benchmark_results import (
    CONTRASTS,
    Found,
    Interval,
    Limits,
    Paired,
    Summaries,
    of_pairs,
    of_summaries,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the degradation table. A positive drop is always worse."""

    benchmark: str
    metric: str
    worse: Worse
    baseline: float | None
    optimized: float | None
    """Both None of a divergence: there is one figure only."""
    absolute_drop: float | None
    relative_drop: float | None
    """None of a baseline of 0."""
    about: Contrast
    """Which figure the limit and the interval are about."""
    limit: float
    """What it must be proven below."""
    interval: Interval
    """Two-sided at alpha; None where it has no end."""
    count: int
    missing: int
    paired: bool
    grade: Grade
    """ACCEPT, REVIEW or REJECT."""
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmarked:
    """The verdict on two result files."""

    grade: Grade
    sentence: str
    limits: Limits
    rows: tuple[Row, ...]


def limits_of(policy: PolicySettings, task: Task, acceptable: float, *, alpha: float) -> Limits:
    """
    Return what a task's results are held against.

    Rejected is what is beyond review, or beyond a red line on the whole of the primary metric,
    whichever is less.

    Args:
        policy: Limits and red lines.
        task: What the models are for.
        acceptable: Acceptable relative drop, in (0, 1).
        alpha: See `Limits`.

    """
    red_lines = [
        line.limit
        for line in policy.red_lines
        if line.metric == PRIMARY
        and line.slice == EVERYTHING
        and line.armed
        and (not line.tasks or task in line.tasks)
    ]
    beyond_review = acceptable * policy.review_factor
    rejected = max(acceptable, min([beyond_review, *red_lines]))
    return Limits(acceptable=acceptable, rejected=rejected, alpha=alpha)


def judge_benchmarks(results: Sequence[Paired | Summaries], limits: Limits) -> Benchmarked:
    """
    Judge all that was measured.

    Raises:
        ValueError: If there is nothing to judge, or a paired figure is outside [0, 1].

    """
    if not results:
        message = "there is no figure to judge"
        raise ValueError(message)
    rows = tuple(_row(each, limits, many=len(results)) for each in results)
    grades = {row.grade for row in rows}
    worst = next(grade for grade in (Grade.REJECT, Grade.REVIEW, Grade.ACCEPT) if grade in grades)
    deciding = "; ".join(row.sentence for row in rows if row.grade is worst)
    return Benchmarked(grade=worst, sentence=deciding, limits=limits, rows=rows)


def to_json(found: Benchmarked) -> dict[str, Any]:
    """Return a verdict as JSON."""
    return {
        "grade": found.grade.value,
        "sentence": found.sentence,
        **asdict(found.limits),
        "rows": [
            {
                **asdict(row),
                "worse": row.worse.value,
                "about": row.about.value,
                "grade": row.grade.value,
                "interval": list(row.interval),
            }
            for row in found.rows
        ],
    }


def _row(result: Paired | Summaries, limits: Limits, *, many: int) -> Row:
    paired = isinstance(result, Paired)
    found = (
        of_pairs(result, limits, many=many)
        if isinstance(result, Paired)
        else of_summaries(result, limits, many=many)
    )
    drop = found.baseline - found.optimized
    drop = drop if result.worse is Worse.LOWER else -drop
    relative = drop / found.baseline if found.baseline else None
    row = Row(
        benchmark=result.benchmark,
        metric=result.metric,
        worse=result.worse,
        baseline=found.baseline,
        optimized=found.optimized,
        absolute_drop=drop,
        relative_drop=relative,
        about=CONTRASTS[result.worse],
        limit=limits.acceptable,
        interval=found.interval,
        count=result.count,
        missing=result.missing,
        paired=paired,
        grade=_grade(relative, found),
    )
    return replace(row, sentence="".join(_sentence(row, limits)))


def _grade(relative: float | None, found: Found) -> Grade:
    if relative is None:
        return Grade.REVIEW
    if found.rejected:
        return Grade.REJECT
    return Grade.ACCEPT if found.accepted else Grade.REVIEW


def _sentence(row: Row, limits: Limits) -> Iterator[str]:
    yield f"{row.benchmark} {row.metric}: "
    if row.relative_drop is None:
        yield f"baseline 0, optimized {row.optimized or 0:.4g} (there is no ratio to 0)"
    else:
        yield f"a relative drop of {percent(row.relative_drop)}"
    lower, upper = row.interval
    if lower is not None and upper is not None:
        yield f" [{percent(lower)}, {percent(upper)}]"
    yield f" over {row.count}" + (f", {row.missing} missing" if row.missing else "")
    match row.grade:
        case Grade.ACCEPT:
            yield f"; proven below the acceptable {percent(limits.acceptable)}"
        case Grade.REJECT:
            yield f"; proven above {percent(limits.rejected)}"
        case _:
            yield f"; proven neither below {percent(limits.acceptable)}"
            yield f" nor above {percent(limits.rejected)}"
