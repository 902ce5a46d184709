from __future__ import annotations

import pytest

from shadowmon.evidence.judged import Choice, Judged, calibrate


BASE, OPT, TIE = Choice.BASELINE, Choice.OPTIMIZED, Choice.TIE


def judged(judge, human=None, *, is_consistent=True, chars=(100, 100)):
    return Judged(
        judge=judge,
        human=human,
        baseline_chars=chars[0],
        optimized_chars=chars[1],
        is_consistent=is_consistent,
    )


def test_rates_stand_beside_each_other():
    """The judge's rate is of all comparisons, the people's of theirs, ties as one half."""
    found = calibrate(
        [judged(OPT, BASE), judged(OPT, OPT), judged(BASE), judged(TIE, is_consistent=False)]
    )
    assert (found.count, found.labels) == (4, 2)
    assert found.naive.rate == 0.625
    assert found.human is not None
    assert found.human.rate == 0.5
    assert found.inconsistent == 0.25


def test_confusion_counts_the_labelled():
    """Who said what is counted where both said something; agreement is their diagonal."""
    found = calibrate(
        [judged(OPT, BASE), judged(OPT, OPT), judged(OPT, OPT), judged(TIE, TIE), judged(BASE)]
    )
    assert found.confusion == {(BASE, OPT): 1, (OPT, OPT): 2, (TIE, TIE): 1}
    assert found.agreement == 0.75


def test_without_labels_there_is_no_correction():
    """Nothing is put right by fewer than two labels."""
    found = calibrate([judged(OPT, BASE), judged(BASE), judged(OPT)])
    assert (found.human, found.corrected) == (None, None)
    assert calibrate([judged(OPT), judged(BASE)]).agreement is None


def test_slopes_of_judge_and_people():
    """Each slope is fitted on the comparisons that were won; ties say nothing of length."""
    longer, shorter = (100, 400), (400, 100)
    rows = [
        judged(OPT, OPT, chars=longer),
        judged(OPT, BASE, chars=longer),
        judged(OPT, TIE, chars=longer),
        judged(BASE, OPT, chars=longer),
        judged(BASE, BASE, chars=shorter),
        judged(BASE, OPT, chars=shorter),
        judged(OPT, BASE, chars=shorter),
        judged(TIE, TIE, chars=shorter),
    ]
    found = calibrate(rows)
    assert found.judge_slope is not None
    assert found.human_slope is not None
    assert (found.judge_slope.count, found.human_slope.count) == (7, 6)
    assert found.judge_slope.slope > 0


def test_one_comparison_is_too_few():
    """A rate with an interval needs two."""
    with pytest.raises(ValueError, match="needs 2 values or more"):
        calibrate([judged(OPT)])
