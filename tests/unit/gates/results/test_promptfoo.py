"""Results of promptfoo, in forms that it really writes."""

from __future__ import annotations

import pytest

from shadowmon.gates.results.measured import ResultsError


def test_promptfoo(write, figures_of):
    """Each test of each prompt; scores only where they say more than success."""
    entries = [
        {"testIdx": 0, "promptIdx": 0, "vars": {"q": 1}, "success": True, "score": 0.75},
        {"testIdx": 1, "promptIdx": 0, "vars": {"q": 2}, "success": False, "score": 0},
    ]
    each = {"provider": {"id": "openai:int8"}}
    path = write("p.json", {"results": {"version": 3, "results": [it | each for it in entries]}})

    figures = figures_of(path)

    assert figures["promptfoo", "success"].by_question == {
        "test 0, prompt 0": 1.0,
        "test 1, prompt 0": 0.0,
    }
    assert figures["promptfoo", "score"].by_question["test 0, prompt 0"] == 0.75
    assert len(set(figures["promptfoo", "success"].asked.values())) == 2


def an_entry(number=0, **more):
    """One result of promptfoo's, as version 3 writes it."""
    return {
        "testIdx": number,
        "promptIdx": 0,
        "provider": {"id": "openai:int8", "label": ""},
        "vars": {"q": number},
        "success": True,
        "failureReason": 0,
        "score": 1,
    } | more


def test_promptfoo_from_its_library(write, figures_of):
    """What `evaluate()` returns has its results at the top."""
    path = write("p.json", {"version": 3, "results": [an_entry(0), an_entry(1, success=False)]})

    (figures,) = figures_of(path).values()

    assert list(figures.by_question.values()) == [1.0, 0.0]


def test_promptfoo_conversations(write, figures_of):
    """What a model said before is no part of the question: else no two models could be compared."""
    ours, theirs = (
        write(
            f"{said}.json",
            {"results": {"results": [an_entry(vars={"q": 1, "_conversation": said})]}},
        )
        for said in ("yes", "no")
    )

    assert [each.asked for each in figures_of(ours).values()] == [
        each.asked for each in figures_of(theirs).values()
    ]


def test_promptfoo_labels(write, figures_of):
    """One model under two labels is two providers."""
    labelled = [an_entry(at, provider={"id": "http", "label": f"int{at}"}) for at in (4, 8)]

    with pytest.raises(ResultsError, match=r"has 2 providers \(int4, int8\)"):
        figures_of(write("p.json", {"results": {"results": labelled}}))
