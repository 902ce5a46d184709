from __future__ import annotations

from pathlib import Path

import pytest

from shadowmon.records import ToolCall
from shadowmon.scoring.structure.allowed_calls import AgainstAllowed, against_allowed
from tests.tool_calls import ask_of, damaged, gold, read_allowed


ALLOWED = read_allowed(Path(__file__).parents[3] / "data/bfcl/possible_answers.jsonl")
RIGHT = AgainstAllowed(exact=True, score=1.0)

SQUARE = [{"area": {"side": [5], "unit": ["cm", "centimetres", ""]}}]


def held(*calls, allowed=SQUARE):
    return against_allowed([ToolCall(name=name, arguments=each) for name, each in calls], allowed)


@pytest.mark.parametrize("allowed", ALLOWED, ids=ask_of)
def test_gold_calls_are_right(allowed):
    """The right calls are right, in any order, and with or without what may be left out."""
    for calls in (gold(allowed), gold(allowed, short=True)):
        assert against_allowed(calls, allowed) == RIGHT
        assert against_allowed(calls[::-1], allowed) == RIGHT


@pytest.mark.parametrize("allowed", ALLOWED, ids=ask_of)
def test_damaged_calls_are_wrong(allowed):
    """A call missing, doubled, misnamed, with an argument of another type, missing or too many."""
    for calls in damaged(allowed):
        found = against_allowed(calls, allowed)
        assert not found.exact
        assert 0.0 <= found.score < 1.0


def test_share_of_what_is_right():
    """Half of a call is its name, half the share of its arguments that are right."""
    assert held(("area", {"side": 5.0, "unit": "CM"})) == RIGHT
    assert held(("area", {"side": "5"})).score == 0.5
    assert held(("area", {"side": 5, "unit": "inch"})).score == 0.75
    assert held(("area", {"side": True})).score == 0.5
    assert held(("area", None)).score == 0.5
    assert held(("volume", {"side": 5})).score == 0.0


def test_values_within_values():
    """Objects have lists of what is right at each key, arrays are compared place by place."""
    allowed = [{"find": {"price": [{"min": [3], "max": [4, ""]}], "near": [["a b", "c"], []]}}]
    assert held(("find", {"price": {"min": 3}, "near": ["A-B", "c"]}), allowed=allowed) == RIGHT
    assert held(("find", {"price": {"min": 3}, "near": []}), allowed=allowed) == RIGHT
    assert not held(("find", {"price": {"min": 4}, "near": []}), allowed=allowed).exact
    assert not held(("find", {"price": {"min": 3}, "near": ["c", "a b"]}), allowed=allowed).exact


def test_no_call_where_none_is_allowed():
    """To call nothing is right where nothing is to be called, and only there."""
    assert held(allowed=[]) == RIGHT
    assert held() == AgainstAllowed(exact=False, score=0.0)
    assert held(("area", {}), allowed=[{"area": {}}]) == RIGHT
