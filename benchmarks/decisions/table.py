"""One table: rows with their standard errors, and what it must show."""

from __future__ import annotations

import enum
import math

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from numpy.typing import NDArray


T = TypeVar("T")

NEVER = 10**9
"""Stands for "not within the stream" among times of decision."""


class Effort(enum.StrEnum):
    """How many streams a table is made of."""

    QUICK = "quick"
    """Seconds: rough figures, the same checks with wider errors."""
    FULL = "full"
    """Minutes: the figures of docs/statistics.md."""

    def pick(self, quick: T, full: T) -> T:
        """Return what this effort asks for."""
        return quick if self is Effort.QUICK else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a table must show."""

    sentence: str
    holds: bool


@dataclass(slots=True, kw_only=True)
class Table:
    """A table while it is made, and when it is done."""

    title: str
    columns: tuple[str, ...]
    seed: int
    rows: list[tuple[str, ...]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def add(self, *cells: str, n: int) -> None:
        """Add a row; the number of streams and the seed are put at its end."""
        row = (*cells, str(n), str(self.seed))
        if len(row) != len(self.columns) + 2:
            message = f"{self.title}: a row of {len(cells)} cells, columns are {self.columns}"
            raise ValueError(message)
        self.rows.append(row)

    def check(self, sentence: str, *, holds: bool) -> None:
        """Write down what must be so, and whether it is."""
        self.checks.append(Check(sentence=sentence, holds=bool(holds)))

    @property
    def broken(self) -> list[str]:
        """The checks that do not hold."""
        return [check.sentence for check in self.checks if not check.holds]

    def markdown(self) -> str:
        """Return the table for people and for docs/statistics.md."""
        rows = [(*self.columns, "n", "seed"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [_line(row, widths) for row in rows]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        verdicts = [
            f"- {'holds' if check.holds else '**BROKEN**'}: {check.sentence}"
            for check in self.checks
        ]
        return "\n".join([f"**{self.title}**", "", *lines, "", *verdicts]).rstrip()


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


# --- Figures ---------------------------------------------------------------


def standard_error(share: float, n: int) -> float:
    """Return the standard error of a share that was found in n streams."""
    return math.sqrt(share * (1 - share) / n)


def at_most(alpha: float, n: int) -> float:
    """Return the largest share that is no wonder, by three standard errors, if alpha is true."""
    return alpha + 3 * standard_error(alpha, n)


def percent(hits: NDArray[np.bool_]) -> str:
    """Return a share of streams and its standard error, in per cent."""
    share, n = float(hits.mean()), hits.size
    return f"{100 * share:.1f} % ± {100 * standard_error(share, n):.1f}"


def mean(times: NDArray[np.int64]) -> str:
    """Return the mean number of requests and its standard error; of those streams that decided."""
    decided = times[times < NEVER]
    if not decided.size:
        return "-"
    return f"{decided.mean():.0f} ± {decided.std() / math.sqrt(decided.size):.0f}"


def median(times: NDArray[np.int64]) -> str:
    """Return the median number of requests, and its standard error by order statistics."""
    middle = float(np.median(times))
    if middle >= NEVER:
        return "not within the stream"
    spread = 0.5 / math.sqrt(times.size)
    low, high = np.quantile(times, [0.5 - spread, 0.5 + spread], method="nearest")
    error = (min(float(high), 10 * middle) - float(low)) / 2
    return f"{middle:.0f} ± {error:.0f}"
