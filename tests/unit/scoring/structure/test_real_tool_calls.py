"""Two models' tool calls, on real ones (tests/data/bfcl), damaged as models do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.tools import ToolsScorer
from tests.tool_calls import ask_of, damaged, gold, read_allowed


ALLOWED = read_allowed(Path(__file__).parents[3] / "data/bfcl/possible_answers.jsonl")


def divergence(ours, theirs):
    return ToolsScorer(ScoringSettings()).divergence(ours, theirs, ())


@pytest.mark.parametrize("allowed", ALLOWED, ids=ask_of)
def test_same_calls_in_any_order_agree(allowed):
    """The order of calls is no difference."""
    assert divergence(gold(allowed), gold(allowed)[::-1]) == 0.0


@pytest.mark.parametrize("allowed", ALLOWED, ids=ask_of)
def test_damaged_calls_differ(allowed):
    """A call missing, doubled, misnamed, with an argument of another type, missing or too many."""
    right = gold(allowed, short=True)
    for calls in damaged(allowed):
        assert 0.0 < divergence(right, calls) <= 1.0
