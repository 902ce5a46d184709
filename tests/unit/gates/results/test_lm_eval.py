"""Results and samples of lm-evaluation-harness, in forms that it really writes."""

from __future__ import annotations

import pytest

from shadowmon.gates.results.measured import ResultsError
from shadowmon.records import Worse


TIME = "2026-01-31T12-00-00.123456"


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


def test_lm_eval_results(write, figures_of):
    """A mean, its error, which way is worse, how many questions, and what must be the same."""
    figures = figures_of(write("results.json", RESULTS))

    mmlu, gsm8k = figures["mmlu", "acc,none"], figures["gsm8k", "exact_match,strict-match"]
    assert (mmlu.mean, mmlu.error, mmlu.worse, mmlu.count) == (0.7, 0.004, Worse.LOWER, 135)
    assert (gsm8k.error, gsm8k.worse, gsm8k.count) == (None, Worse.LOWER, 2)
    assert gsm8k.conditions == {"task version": "3", "n-shot": "5", "task hash": "abc"}
    assert figures["wikitext", "word_perplexity,none"].worse is Worse.HIGHER


def test_a_groups_parts_are_not_judged_again(write, figures_of):
    """A group's own figure stands for its tasks."""
    figures = figures_of(write("results.json", RESULTS))

    assert {benchmark for benchmark, _ in figures} == {"mmlu", "gsm8k", "wikitext"}


def test_samples_beside_the_results(write, tmp_path, figures_of):
    """A folder is read as its newest results, with the samples of the same run."""
    write(f"results_{TIME}.json", RESULTS)
    write("results_2025-01-31T12-00-00.123456.json", RESULTS | {"results": {}})
    write(f"samples_gsm8k_{TIME}.jsonl", [sample(0, 1.0), sample(1, 0.0)])

    figures = figures_of(tmp_path)["gsm8k", "exact_match,strict-match"]

    assert figures.by_question == {"d0": 1.0, "d1": 0.0}
    assert figures.asked == {"d0": "p0 t0", "d1": "p1 t1"}
    assert figures.mean == 0.5


def test_samples_alone(write, figures_of):
    """Samples are told apart by filter; a question that is asked twice is two."""
    lines = [sample(0, True), sample(0, False), sample(0, 1.0, "flexible-extract")]

    found = figures_of(write(f"samples_gsm8k_{TIME}.jsonl", lines))

    assert found["gsm8k", "exact_match,strict-match"].by_question == {"d0": 1.0, "d0 #2": 0.0}
    assert found["gsm8k", "exact_match,flexible-extract"].by_question == {"d0": 1.0}


def test_samples_without_a_task(write, figures_of):
    """Where a file's name does not tell the task it is called the same for both models."""
    found = figures_of(write("pretrained=gpt2_gsm8k.jsonl", [sample(0, 1.0)]))

    assert set(found) == {("samples", "exact_match,strict-match")}


def test_samples_that_are_no_scores(write, figures_of):
    """A metric whose samples are not figures in 0 to 1 is not paired."""
    lines = [sample(0, [-3.2, 7]), sample(1, [-1.0, 4])]

    with pytest.raises(ResultsError, match="give the results file, which has their means"):
        figures_of(write("samples.jsonl", lines))


def test_samples_of_a_corpus_metric_leave_its_mean(write, tmp_path, figures_of):
    """A corpus' F1 is told by what it is made of: its mean stands, and the others are paired."""
    told = {"f1,strict-match": 0.4, "f1_stderr,strict-match": "N/A"}
    task = {"exact_match,strict-match": 0.5, "exact_match_stderr,strict-match": "N/A"} | told
    lines = [
        sample(at, value, metrics=["exact_match", "f1"], f1=["DATE: monday", ["LOC: here"]])
        for at, value in enumerate((1.0, 0.0))
    ]
    write(f"results_{TIME}.json", RESULTS | {"results": {"gsm8k": task}})
    write(f"samples_gsm8k_{TIME}.jsonl", lines)

    found = figures_of(tmp_path)

    assert found["gsm8k", "exact_match,strict-match"].by_question == {"d0": 1.0, "d1": 0.0}
    assert (found["gsm8k", "f1,strict-match"].mean, found["gsm8k", "f1,strict-match"].error) == (
        0.4,
        None,
    )


def test_a_way_that_is_told_by_another_name(write, figures_of):
    """Of pass@1 results say `pass_at_k`; everybody knows which way is worse."""
    told = {
        "results": {"humaneval": {"pass@1,create_test": 0.15, "pass@1_stderr,create_test": 0.03}},
        "versions": {"humaneval": 1.0},
        "higher_is_better": {"humaneval": {"pass_at_k": True}},
    }

    (figures,) = figures_of(write("results.json", told)).values()

    assert (figures.worse, figures.error) == (Worse.LOWER, 0.03)


def test_lm_eval_before_filters(write, figures_of):
    """In 0.3 a metric has no filter; its mean and its error are read all the same."""
    told = {
        "results": {"arc_easy": {"acc": 0.7, "acc_stderr": 0.01, "acc_norm": 0.6}},
        "versions": {"arc_easy": 0},
        "config": {"model": "gpt2"},
    }

    found = figures_of(write("results.json", told))

    assert {key: (each.mean, each.error, each.worse) for key, each in found.items()} == {
        ("arc_easy", "acc"): (0.7, 0.01, Worse.LOWER),
        ("arc_easy", "acc_norm"): (0.6, None, Worse.LOWER),
    }
