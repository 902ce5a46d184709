"""Result files of other tools: which is which, and what cannot be read."""

from __future__ import annotations

import pytest

from shadowmon.gates.results.measured import ResultsError
from shadowmon.gates.results.read import read_measured


def test_scores(write, figures_of):
    """Lines of scores, of yeses and noes, and a question that was skipped."""
    path = write("a.jsonl", [{"id": "a", "score": 0.5}, {"id": 2, "score": None}])
    (figures,) = figures_of(path).values()
    assert figures.by_question == {"a": 0.5, "2": None}

    path = write("b.jsonl", [{"id": "a", "correct": True}])
    ((key, figures),) = figures_of(path).items()
    assert (key[1], figures.by_question) == ("correct", {"a": 1.0})


def test_answers_are_left_to_be_scored(write):
    """Lines of answers have no figures yet."""
    assert read_measured(write("a.jsonl", [{"id": "a", "answer": {"text": "x"}}])) is None


TWICE = [{"id": "a", "score": 1}, {"id": "a", "score": 1}]
PROVIDERS = [{"success": True, "provider": "a"}, {"success": True, "provider": "b"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("hello", "line 1: is no JSON"),
        ("[1]", "line 1: is no JSON object"),
        ([{"what": 1}], "is none of the formats that are read"),
        ([{"score": 1}], 'line 1: has no "id"'),
        (TWICE, 'line 2: the id "a" was there before'),
        ([{"id": "a", "score": 7}], "line 1: `score` must be true, false or a number from 0 to 1"),
        ([{"id": "a", "score": 1}, {"id": "b", "correct": True}], "the same one"),
        (
            [{"doc_hash": "d", "acc": 1.0}, {"id": "x"}],
            "line 2: is no sample of lm-evaluation-harness",
        ),
        ({"results": {"results": PROVIDERS}}, r"has 2 providers \(a, b\)"),
        ({"results": {"results": [{"score": 1}]}}, "has no `success`"),
        ({"results": {"results": []}}, "has no results: export them"),
        ({"results": [], "prompts": []}, "has no results: export them"),
        ('{\n "results": {\n  "gsm8k": ', "is no JSON: .* line 3 .* was it written to its end"),
        ("<a><b></a>", "is no XML"),
        ("<html/>", "has no <testcase>"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "declares a document type"),
    ],
)
def test_files_that_cannot_be_read(content, said, write, figures_of):
    """Each is refused with where and what."""
    with pytest.raises(ResultsError, match=said):
        figures_of(write("it.json", content))


def test_files_that_are_not_there(tmp_path, figures_of):
    """A folder without results, and a file that cannot be opened, are refused."""
    with pytest.raises(ResultsError, match="has no results_<time>"):
        figures_of(tmp_path)
    with pytest.raises(ResultsError, match="cannot be read"):
        figures_of(tmp_path / "nothing.json")
