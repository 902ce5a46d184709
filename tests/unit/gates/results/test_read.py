"""Result files of other tools, from real forms of theirs."""

from __future__ import annotations

import json

import pytest

from shadowmon.gates.results.measured import ResultsError
from shadowmon.gates.results.read import read_measured
from shadowmon.records import Worse


TIME = "2026-01-31T12-00-00.123456"


def figures_of(path):
    """Read a file that has figures."""
    found = read_measured(path)
    assert found is not None
    return found.figures


def sample(number, value, name="strict-match", **more):
    """A line of lm-evaluation-harness' samples."""
    return {
        "doc_id": number,
        "doc": {},
        "filtered_resps": ["5"],
        "filter": name,
        "metrics": ["exact_match"],
        "doc_hash": f"d{number}",
        "prompt_hash": f"p{number}",
        "target_hash": f"t{number}",
        "exact_match": value,
    } | more


RESULTS = {
    "results": {
        "mmlu": {"alias": "mmlu", "acc,none": 0.7, "acc_stderr,none": 0.004},
        "mmlu_anatomy": {"alias": " - anatomy", "acc,none": 0.6, "acc_stderr,none": 0.04},
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.5,
            "exact_match_stderr,strict-match": "N/A",
            "sample_len": 2,
        },
        "wikitext": {"word_perplexity,none": 8.1, "word_perplexity_stderr,none": "N/A"},
    },
    "group_subtasks": {"mmlu": ["mmlu_anatomy"], "gsm8k": []},
    "versions": {"mmlu": 2, "gsm8k": 3, "wikitext": 2},
    "n-shot": {"gsm8k": 5},
    "higher_is_better": {"mmlu": {"acc": True}, "wikitext": {"word_perplexity": False}},
    "n-samples": {
        "mmlu_anatomy": {"original": 135, "effective": 135},
        "gsm8k": {"original": 1319, "effective": 2},
    },
    "task_hashes": {"gsm8k": "abc"},
}


@pytest.fixture
def write(tmp_path):
    """`write(name, content)` writes a file: text, an object, or lines of objects."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(each) + "\n" for each in content)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    return write


def test_lm_eval_results(write):
    """A mean, its error, which way is worse, how many questions, and what must be the same."""
    figures = figures_of(write("results.json", RESULTS))

    mmlu, gsm8k = figures["mmlu", "acc,none"], figures["gsm8k", "exact_match,strict-match"]
    assert (mmlu.mean, mmlu.error, mmlu.worse, mmlu.count) == (0.7, 0.004, Worse.LOWER, 135)
    assert (gsm8k.error, gsm8k.worse, gsm8k.count) == (None, None, 2)
    assert gsm8k.conditions == {"task version": "3", "n-shot": "5", "task hash": "abc"}
    assert figures["wikitext", "word_perplexity,none"].worse is Worse.HIGHER


def test_a_groups_parts_are_not_judged_again(write):
    """A group's own figure stands for its tasks."""
    figures = figures_of(write("results.json", RESULTS))

    assert {benchmark for benchmark, _ in figures} == {"mmlu", "gsm8k", "wikitext"}


def test_samples_beside_the_results(write, tmp_path):
    """A folder is read as its newest results, with the samples of the same run."""
    write(f"results_{TIME}.json", RESULTS)
    write("results_2025-01-31T12-00-00.123456.json", RESULTS | {"results": {}})
    write(f"samples_gsm8k_{TIME}.jsonl", [sample(0, 1.0), sample(1, 0.0)])

    figures = figures_of(tmp_path)["gsm8k", "exact_match,strict-match"]

    assert figures.by_question == {"d0": 1.0, "d1": 0.0}
    assert figures.asked == {"d0": "p0 t0", "d1": "p1 t1"}
    assert figures.mean == 0.5


def test_samples_alone(write):
    """Samples are told apart by filter; a question that is asked twice is two."""
    lines = [sample(0, True), sample(0, False), sample(0, 1.0, "flexible-extract")]

    found = figures_of(write(f"samples_gsm8k_{TIME}.jsonl", lines))

    assert found["gsm8k", "exact_match,strict-match"].by_question == {"d0": 1.0, "d0 #2": 0.0}
    assert found["gsm8k", "exact_match,flexible-extract"].by_question == {"d0": 1.0}


def test_samples_that_are_no_scores(write):
    """A metric whose samples are not figures in 0 to 1 is not paired."""
    lines = [sample(0, [-3.2, 7]), sample(1, [-1.0, 4])]

    assert figures_of(write("samples.jsonl", lines)) == {}


def test_scores(write):
    """Lines of scores, of yeses and noes, and a question that was skipped."""
    path = write("a.jsonl", [{"id": "a", "score": 0.5}, {"id": 2, "score": None}])
    (figures,) = figures_of(path).values()
    assert figures.by_question == {"a": 0.5, "2": None}

    path = write("b.jsonl", [{"id": "a", "correct": True}])
    ((key, figures),) = figures_of(path).items()
    assert (key[1], figures.by_question) == ("correct", {"a": 1.0})


def test_promptfoo(write):
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


def test_junit(write):
    """A case passed unless it failed or erred; a skipped one has no figure."""
    path = write(
        "r.xml",
        '<?xml version="1.0"?><testsuites><testsuite name="s">'
        '<testcase classname="m" name="a"/>'
        '<testcase classname="m" name="a"><failure message="x"/></testcase>'
        '<testcase classname="m" name="b"><error/></testcase>'
        '<testcase classname="m" name="c"><skipped/></testcase></testsuite></testsuites>',
    )

    (figures,) = figures_of(path).values()

    assert figures.by_question == {"m::a": 1.0, "m::a #2": 0.0, "m::b": 0.0, "m::c": None}


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
        ([sample(0, 1.0), {"id": "x"}], "line 2: is no sample of lm-evaluation-harness"),
        ({"results": {"results": PROVIDERS}}, r"has 2 providers \(a, b\)"),
        ({"results": {"results": [{"score": 1}]}}, "has no `success`"),
        ("<a><b></a>", "is no XML"),
        ("<html/>", "has no <testcase>"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "declares a document type"),
    ],
)
def test_files_that_cannot_be_read(content, said, write):
    """Each is refused with where and what."""
    with pytest.raises(ResultsError, match=said):
        figures_of(write("it.json", content))


def test_files_that_are_not_there(tmp_path):
    """A folder without results, and a file that cannot be opened, are refused."""
    with pytest.raises(ResultsError, match="has no results_<time>"):
        figures_of(tmp_path)
    with pytest.raises(ResultsError, match="cannot be read"):
        figures_of(tmp_path / "nothing.json")
