"""Two models' results side by side, or the reason why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.gates.results.compare import Wanted, compare
from shadowmon.gates.results.measured import Figures, Measured, ResultsError
from shadowmon.records import Worse
from shadowmon.trial.benchmark_results import Paired, Summaries


FIGURES = Figures(mean=0.8, error=0.01, count=100, conditions={"n-shot": "5", "task version": "3"})
SAMPLED = Figures(by_question={"a": 1.0, "b": 0.0, "c": None}, asked={"a": "x", "b": "y"}, count=3)
ACC = ("mmlu", "acc,none")


def a_file(origin="old", form="results", **figures):
    """A file with one benchmark, or those given as `benchmark__metric`."""
    told = {}
    for key, each in figures.items():
        benchmark, metric = key.split("__")
        told[benchmark, metric] = each
    return Measured(origin=origin, form=form, figures=told or {ACC: FIGURES})


def with_(**changes):
    """The optimized model's file: as the baseline's, but for this."""
    return Measured(origin="new", form="results", figures={ACC: replace(FIGURES, **changes)})


def test_means():
    """Without figures for each question the means are compared."""
    (found,) = compare(a_file(), with_(mean=0.7), Wanted())

    assert isinstance(found, Summaries)
    assert (found.baseline.value, found.optimized.value, found.count) == (0.8, 0.7, 100)


def test_pairs():
    """Figures for each question are paired; one that only one of them skipped is missing."""
    theirs = replace(SAMPLED, by_question={"c": 1.0, "b": 1.0, "a": 1.0})

    (found,) = compare(a_file(t__acc=SAMPLED), a_file("new", t__acc=theirs), Wanted())

    assert isinstance(found, Paired)
    assert (found.baseline, found.optimized, found.missing) == ((1.0, 0.0), (1.0, 1.0), 1)


@pytest.mark.parametrize(
    ("optimized", "said"),
    [
        (with_(count=90), "mmlu: unequal n: 100 questions in old, 90 in new"),
        (with_(error=None), r"new: mmlu has no standard error of acc,none \(N/A\): run again with"),
        (with_(mean=None), r"new: mmlu has no acc,none \(N/A\): the run did not measure it"),
        (
            with_(conditions={"n-shot": "0", "task version": "3"}),
            "mmlu: different n-shot: 5 in old",
        ),
        (
            with_(conditions={"n-shot": "5", "task version": "2"}),
            "different task version: 3 in old",
        ),
        (with_(conditions={"n-shot": "5"}), "different task version: 3 in old, none in new"),
        (a_file("new", arc__acc=FIGURES), r"new: no results for mmlu \(there are: arc\)"),
        (
            a_file("new", mmlu__f1=FIGURES),
            "new: benchmark mmlu has no metric acc,none, which the other",
        ),
        (a_file("new", form="XML"), "old is results and new is XML: give both"),
        (with_(worse=None), "^$"),
    ],
)
def test_what_cannot_be_compared(optimized, said):
    """Each difference in what was asked has its own message: where, what, and what to do."""
    if said == "^$":  # what the optimized model's file does not say, the baseline's does
        assert compare(a_file(), optimized, Wanted())
        return
    with pytest.raises(ResultsError, match=said):
        compare(a_file(), optimized, Wanted())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"by_question": {"a": 1.0, "b": 1.0, "d": 1.0}},
            r"2 questions are in one file only \(such",
        ),
        ({"asked": {"a": "x", "b": "z"}}, r"1 questions were put differently \(such as b\)"),
    ],
)
def test_questions_that_differ(changes, said):
    """Questions without a partner, and other prompts, are refused."""
    with pytest.raises(ResultsError, match=said):
        compare(a_file(t__acc=SAMPLED), a_file("new", t__acc=replace(SAMPLED, **changes)), Wanted())


def test_an_unknown_direction():
    """Which way is worse is asked for where no file says; a metric's bare name is enough."""
    unknown = a_file(t__ppl=replace(FIGURES, worse=None))

    with pytest.raises(ResultsError, match="does not say whether a higher ppl is better"):
        compare(unknown, unknown, Wanted())
    (found,) = compare(unknown, unknown, Wanted(worse={"ppl": Worse.HIGHER}))
    assert found.worse is Worse.HIGHER


def test_choosing():
    """A person may choose benchmarks and metrics; one that is not there is said."""
    both = a_file(mmlu__acc=FIGURES, mmlu__f1=FIGURES, arc__acc=FIGURES)

    found = compare(both, both, Wanted(benchmarks=["mmlu"], metrics=["acc"]))

    assert [(each.benchmark, each.metric) for each in found] == [("mmlu", "acc")]
    with pytest.raises(ResultsError, match="no results for piqa"):
        compare(both, both, Wanted(benchmarks=["piqa"]))
    with pytest.raises(ResultsError, match="there is no figure to judge; its metrics are: acc, f1"):
        compare(both, both, Wanted(metrics=["bleu"]))
