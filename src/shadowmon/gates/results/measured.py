"""The one form that every result file is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from shadowmon.errors import ShadowmonError
from shadowmon.records import Worse


class ResultsError(ShadowmonError):
    """Results that cannot be used: where, what was found, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one model reached in one benchmark by one metric."""

    worse: Worse | None = Worse.LOWER
    """None where the file does not say."""
    mean: float | None = None
    error: float | None = None
    """Standard error of the mean; None where the file has none ("N/A")."""
    count: int | None = None
    """Questions asked."""
    by_question: Mapping[str, float | None] = field(default_factory=dict)
    """Question's key -> its figure in [0, 1], None if skipped. Empty: only means are known."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Question's key -> a digest of all that the model was shown, where the file tells."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """What must be the same of both models: what it is -> what it was."""


Key: TypeAlias = tuple[str, str]
"""Benchmark and metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that one file (or folder) says of one model."""

    origin: str
    form: str
    """What kind of file it is, for people."""
    figures: Mapping[Key, Figures]
