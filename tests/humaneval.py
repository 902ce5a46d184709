"""HumanEval: problems, their right solutions, and broken ones."""

from __future__ import annotations

import gzip
import json

from dataclasses import dataclass
from pathlib import Path

from shadowmon.records import Question


HERE = Path(__file__).resolve().parent
EXCERPT = HERE / "data" / "humaneval" / "problems.jsonl"
ALL = HERE.parents[1] / "shared" / "data" / "humaneval" / "HumanEval.jsonl.gz"
"""Not part of the repository: all 164, where they lie beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem."""

    name: str
    question: Question
    solution: str
    """Goes on where the question's text stops."""

    @property
    def mutant(self) -> str:
        """The solution, whose first line returns nothing and drops what it did."""
        first, _, rest = self.solution.lstrip("\n").partition("\n")
        indent = first[: len(first) - len(first.lstrip())]
        return f"{indent}return None\n{rest}"


def problems(path: Path = EXCERPT) -> list[Problem]:
    """Return the problems of a file."""
    content = path.read_bytes()
    lines = gzip.decompress(content) if path.suffix == ".gz" else content
    return [_problem(json.loads(line)) for line in lines.splitlines()]


def _problem(row: dict[str, str]) -> Problem:
    tests = f"{row['test']}\ncheck({row['entry_point']})\n"
    return Problem(
        name=row["task_id"],
        question=Question(text=row["prompt"], tests=tests),
        solution=row["canonical_solution"],
    )
