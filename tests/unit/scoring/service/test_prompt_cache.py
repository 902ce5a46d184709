"""Whose prompt came from a cache?"""

from __future__ import annotations

import pytest

from shadowmon.records import Answer
from shadowmon.scoring.service.prompt_cache import CACHED, cached_by, is_uneven


def an_answer(cached: int | None) -> Answer:
    return Answer(text="a", input_tokens=100, output_tokens=5, cached_tokens=cached)


@pytest.mark.parametrize(
    ("baseline", "optimized", "by", "uneven"),
    [
        (0, 0, "neither", False),
        (90, 0, "baseline", True),
        (0, 90, "optimized", True),
        (90, 50, "both", False),
        (9, 0, "neither", False),
        (90, None, "baseline", False),
        (None, 90, "optimized", False),
        (None, None, "neither", False),
    ],
)
def test_who_was_warm(baseline: int | None, optimized: int | None, by: str, uneven: bool) -> None:
    """Times are unlike only where both wires tell, and one of them tells of much."""
    ours, theirs = an_answer(baseline), an_answer(optimized)

    assert cached_by(ours, theirs) == by
    assert by in CACHED
    assert is_uneven(ours, theirs) is uneven


def test_no_answer() -> None:
    """A model that failed read nothing."""
    assert cached_by(None, an_answer(90)) == "optimized"
