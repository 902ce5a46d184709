"""
python -m benchmarks.sandbox: right and broken solutions in the sandbox, and what a run costs.

All 164 problems of HumanEval where they lie beside the repository, else the ten that it ships. Each
tier is measured that holds on this machine; one run at a time for the time, two for the counts.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from shadowmon.assessors.code_tests import tested_program
from shadowmon.assessors.sandbox import self_test
from shadowmon.assessors.sandbox.link import LauncherError, Link
from shadowmon.assessors.sandbox.tiers import Plan, plans
from shadowmon.assessors.sandbox.verdict import Limits, Ran, Verdict
from shadowmon.records import Answer
from tests.humaneval import ALL, EXCERPT, Problem, problems


LIMITS = Limits(
    timeout_seconds=5.0, memory_max_bytes=512 * 1024 * 1024, output_max_bytes=1024 * 1024
)
PLACES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tier's figures."""

    plan: Plan
    attacks_seconds: float
    solutions_passed: int
    mutants_passed: int
    seconds: Sequence[float]
    """Of each run of a right solution, one after the other."""


def main(quick: bool) -> None:
    """Print the table."""
    chosen = problems(ALL if ALL.exists() else EXCERPT)[: 20 if quick else None]
    print(f"{len(chosen)} problems of HumanEval; the time of one run, from order to death")
    for row in asyncio.run(measured(chosen)):
        ordered = sorted(row.seconds)
        print(
            f"{row.plan.tier:10} right solutions passed {row.solutions_passed},"
            f" first line gone {row.mutants_passed};"
            f" median {1000 * median(ordered):.0f} ms,"
            f" 95 % below {1000 * ordered[int(0.95 * len(ordered))]:.0f} ms;"
            f" self-test {row.attacks_seconds:.1f} s"
        )


async def measured(chosen: Sequence[Problem]) -> list[Row]:
    """Return a row for each tier that holds, with the first interpreter that it holds with."""
    rows: list[Row] = []
    candidates, _ = plans(allow_landlock=True)
    for plan in candidates:
        if any(row.plan.tier is plan.tier for row in rows):
            continue
        try:
            link = await Link.start(plan, self_test.PLACES)
        except LauncherError as error:
            print(f"{plan.tier}: {error}")
            continue
        try:
            began = time.perf_counter()
            if found := await self_test.problems(link):
                print(f"{plan.tier}, {plan.interpreter}: {', '.join(found)}")
                continue
            rows.append(await _row(link, plan, chosen, time.perf_counter() - began))
        finally:
            await link.end()
    return rows


async def _row(link: Link, plan: Plan, chosen: Sequence[Problem], attacks_seconds: float) -> Row:
    places = asyncio.Semaphore(PLACES)

    async def run(problem: Problem, solution: str) -> Ran:
        parts = tested_program(problem.question, Answer(text=solution))
        async with places:
            return await link.run(parts or (), LIMITS)

    right = await asyncio.gather(*(run(each, each.solution) for each in chosen))
    broken = await asyncio.gather(*(run(each, each.mutant) for each in chosen))
    alone = [await run(each, each.solution) for each in chosen]
    return Row(
        plan=plan,
        attacks_seconds=attacks_seconds,
        solutions_passed=sum(ran.verdict is Verdict.PASSED for ran in right),
        mutants_passed=sum(ran.verdict is Verdict.PASSED for ran in broken),
        seconds=[ran.seconds for ran in alone],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="twenty problems")
    main(parser.parse_args().quick)
