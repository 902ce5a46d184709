from __future__ import annotations

import numpy as np
import pytest

from shadowmon.scoring.classification.f1 import ClassTables, compared


def tables_of(truth, baseline, optimized):
    """Count what classes.against_classes would have observed."""

    def table(ours, theirs):
        return tuple(np.bincount(2 * ours.astype(int) + theirs, minlength=4).tolist())

    return {
        str(name): ClassTables(
            missed=table(baseline[truth == name] != name, optimized[truth == name] != name),
            false_alarm=table(baseline[truth != name] == name, optimized[truth != name] == name),
        )
        for name in range(3)
    }


TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
BASELINE = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 0])
OPTIMIZED = np.array([0, 0, 1, 1, 1, 1, 2, 2, 0, 0])
FOUND = compared(tables_of(TRUTH, BASELINE, OPTIMIZED))


def test_figures_of_one_class():
    """Worked by hand from the ten answers, for class 1."""
    assert FOUND.recall["1"].baseline == 1.0
    assert FOUND.recall["1"].optimized == pytest.approx(2 / 3)
    assert (FOUND.precision["1"].baseline, FOUND.precision["1"].optimized) == (0.75, 0.5)
    assert FOUND.f1["1"].baseline == pytest.approx(6 / 7)
    assert FOUND.f1["1"].optimized == pytest.approx(4 / 7)
    assert FOUND.f1["1"].difference == pytest.approx(-2 / 7)


def test_figures_of_all_classes():
    """Macro F1 is the mean of the classes'; micro F1 of all classes there are is the accuracy."""
    assert (FOUND.accuracy.baseline, FOUND.accuracy.optimized) == (0.8, 0.5)
    assert FOUND.micro_f1.baseline == FOUND.accuracy.baseline
    assert FOUND.micro_f1.optimized == FOUND.accuracy.optimized
    assert FOUND.micro_f1.lower == pytest.approx(FOUND.accuracy.lower, abs=0.1)
    assert FOUND.macro_f1.baseline == pytest.approx(np.mean([6 / 8, 6 / 7, 4 / 5]))


def test_interval_of_accuracy_is_agresti_and_mins():
    """Worked by their formula: 40 and 20 discordant of 1000, half a pair added to each cell."""
    found = compared({"a": ClassTables(missed=(900, 40, 20, 40), false_alarm=(0, 0, 0, 0))})
    n, only_optimized, only_baseline = 1002, 40.5, 20.5
    center = (only_baseline - only_optimized) / n
    deviation = np.sqrt(only_optimized + only_baseline - n * center**2) / n
    assert found.accuracy.lower == pytest.approx(center - 1.959964 * deviation)
    assert found.accuracy.upper == pytest.approx(center + 1.959964 * deviation)
    assert found.accuracy == found.recall["a"]


def test_figure_that_is_not_defined():
    """A class that a model never calls has no precision, one without pairs no recall."""
    found = compared({"a": ClassTables(missed=(0, 5, 0, 0), false_alarm=(5, 0, 0, 0))})
    assert found.precision["a"].baseline == 1.0
    assert found.precision["a"].optimized is None
    assert found.precision["a"].lower is None
    found = compared({"a": ClassTables(missed=(0, 0, 0, 0), false_alarm=(5, 0, 0, 0))})
    assert found.recall["a"].baseline is None
    assert found.macro_f1.difference is None


def drawn(rng, size):
    """Draw labels, and the answers of two models of which the second errs more, and often alike."""
    truth = rng.choice(3, size, p=[0.5, 0.3, 0.2])
    noise, place = rng.random(size), rng.integers(1, 3, size)
    other = (truth + place) % 3
    return (
        truth,
        np.where(noise < 0.1, other, truth),
        np.where((noise < 0.08) | (noise > 0.93), other, truth),
    )


def test_intervals_cover():
    """Over many samples an interval holds the true difference at least as often as it says."""
    rng = np.random.default_rng(5)
    whole = compared(tables_of(*drawn(rng, 1_000_000)))
    figures = [
        lambda found: found.accuracy,
        lambda found: found.macro_f1,
        lambda found: found.micro_f1,
        lambda found: found.f1["0"],
        lambda found: found.f1["2"],
        lambda found: found.precision["1"],
        lambda found: found.recall["2"],
    ]
    rounds = 400
    covered = np.zeros(len(figures))
    for _ in range(rounds):
        found = compared(tables_of(*drawn(rng, 300)))
        for at, figure in enumerate(figures):
            truth = figure(whole).difference
            covered[at] += figure(found).lower <= truth <= figure(found).upper
    assert (covered / rounds > 0.92).all(), covered / rounds
