r"""
Whether two formulas are equal, asked of math-verify (extra `math`). For a prover process only.

It may take for ever, or all memory. Only math-verify's reader of LaTeX is used, which is a grammar;
its reader of plain expressions calls Python's `eval`. Its comparison is not symmetric (`[0,1)` is
`0 <= x < 1`, but not the other way round), so that both directions are tried.
"""

from __future__ import annotations

import logging
import re

from collections.abc import Callable
from typing import TypeAlias


Prove: TypeAlias = Callable[[str, str], bool]
"""Says whether two formulas are equal."""

_SPELLINGS = (
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"\^(-?\d{2,})"), r"^{\1}"),
    (re.compile("\u221a\\s?(\\w+|\\([^()]*\\))"), r"\\sqrt{\1}"),
    (re.compile("\u221e|(?<![\\\\A-Za-z])inf(?:inity)?(?![A-Za-z])"), r"\\infty "),
    (re.compile(r"(?<![\\A-Za-z])(pi|sin|cos|tan|log|ln|exp)(?![A-Za-z])"), r"\\\1 "),
)
"""What models write outside of LaTeX, and how LaTeX has it."""

_KNOWN = (
    (r"(x+1)^2", r"x^2+2x+1", True),
    (r"[0,1)", r"0 \le x < 1", True),
    (r"\{1,2\}", r"\{2,1\}", True),
    (r"\sqrt{8}", r"2\sqrt{2}", True),
    (r"\frac{\pi}{2}", r"\frac{\pi}{3}", False),
    (r"\sum_{i=1}^{3} i", r"\sin x", False),
)


def load() -> Prove:
    """
    Import math-verify; return what asks it.

    Raises:
        ImportError: If the extra `math` is not installed.

    """
    from math_verify import (  # type: ignore[import-untyped] # noqa: PLC0415 - an extra, no stubs
        LatexExtractionConfig,
        parse,
        verify,
    )

    logging.disable(logging.CRITICAL)  # it warns that it has no timeout: the process has one
    reader = [LatexExtractionConfig(boxed_match_priority=0)]

    def read(formula: str) -> list[object]:
        boxed = rf"\boxed{{{latex(formula)}}}"
        found: list[object] = parse(
            boxed, extraction_config=reader, fallback_mode="no_fallback", parsing_timeout=None
        )
        return found

    def says(gold: list[object], told: list[object]) -> bool:
        try:
            return bool(verify(gold, told, timeout_seconds=None, raise_on_error=True))
        except (MemoryError, RecursionError):
            raise
        except Exception:  # noqa: BLE001 - of an algebra system, on a stranger's formula
            return False  # not comparable, as 1/0 is not

    def prove(one: str, other: str) -> bool:
        ours, theirs = read(one), read(other)
        return says(ours, theirs) or says(theirs, ours)

    return prove


def latex(formula: str) -> str:
    """Return a formula as LaTeX that the grammar reads."""
    for spelling, written in _SPELLINGS:
        formula = spelling.sub(written, formula)
    return formula


def complaint(prove: Prove) -> str:
    """
    Try formulas that are known to be equal, or not; say what is wrong, or nothing.

    It also fills the grammar's tables, which makes later proofs quicker.
    """
    for one, other, are_equal in _KNOWN:
        if prove(one, other) is not are_equal:
            return f"{one} and {other} were {'not ' if are_equal else ''}found equal"
    return ""
