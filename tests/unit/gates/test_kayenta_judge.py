"""Kayenta's judge, metric by metric: the vectors of its own issues, and each of its rules."""

from __future__ import annotations

import pytest

from shadowmon.gates.kayenta_config import (
    Analysis,
    Direction,
    EffectSize,
    Measure,
    NanStrategy,
    Outliers,
    OutlierStrategy,
)
from shadowmon.gates.kayenta_judge import Label, classify, prepared


LOW, HIGH = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0], [9.0, 8.0, 9.0, 8.0, 9.0, 8.0, 9.0, 8.0]


def judged(control, experiment, **changes):
    """Judge two lists of points."""
    how = Analysis(**changes)
    return classify(prepared(control, how), prepared(experiment, how), how)


def test_issue_6278_passes_with_seven_of_ten():
    """spinnaker#6278: seven of ten points at a hundred times the control are a pass."""
    effect = EffectSize(allowed_increase=1.05)

    found = judged([1.0] * 10, [100.0] * 7 + [1.0] * 3, effect_size=effect)

    assert found.label is Label.PASS
    assert "bound 24.75" in found.reason


def test_issue_6278_is_high_with_eight_of_ten():
    """One point more, and it is high."""
    effect = EffectSize(allowed_increase=1.05)

    assert judged([1.0] * 10, [100.0] * 8 + [1.0] * 2, effect_size=effect).label is Label.HIGH


def test_issue_426_passes():
    """kayenta#426: errors against none at all, in six points, are a pass."""
    assert judged([0.0] * 6, [0.0, 1.0, 2.0, 1.0, 0.0, 0.0]).label is Label.PASS


@pytest.mark.parametrize(
    ("direction", "label"),
    [
        (Direction.EITHER, Label.HIGH),
        (Direction.INCREASE, Label.HIGH),
        (Direction.DECREASE, Label.PASS),
    ],
)
def test_direction_of_a_rise(direction, label):
    """A rise is high, unless only a fall matters."""
    assert judged(LOW, HIGH, direction=direction).label is label


@pytest.mark.parametrize(
    ("direction", "label"),
    [
        (Direction.EITHER, Label.LOW),
        (Direction.DECREASE, Label.LOW),
        (Direction.INCREASE, Label.PASS),
    ],
)
def test_direction_of_a_fall(direction, label):
    """A fall is low, unless only a rise matters."""
    assert judged(HIGH, LOW, direction=direction).label is label


@pytest.mark.parametrize(
    ("effect", "label"),
    [
        (EffectSize(allowed_increase=5.0), Label.HIGH),
        (EffectSize(allowed_increase=6.0), Label.PASS),
        (EffectSize(measure=Measure.CLES, allowed_increase=1.0), Label.HIGH),
        (EffectSize(measure=Measure.CLES, allowed_increase=1.01), Label.PASS),
    ],
)
def test_effect_size(effect, label):
    """A rise that is no larger than allowed is a pass, by either measure."""
    assert judged(LOW, HIGH, effect_size=effect).label is label


def test_an_effect_without_a_size_counts():
    """Against a control of zeros there is no ratio: the shift alone decides."""
    assert judged([0.0] * 8, HIGH, effect_size=EffectSize(allowed_increase=9.0)).label is Label.HIGH


@pytest.mark.parametrize(
    ("changes", "label", "critical"),
    [
        ({}, Label.NODATA, False),
        ({"must_have_data": True}, Label.NODATA_FAIL_METRIC, False),
        ({"must_have_data": True, "critical": True}, Label.NODATA, True),
        ({"nan_strategy": NanStrategy.REPLACE}, Label.PASS, False),
    ],
)
def test_no_data(changes, label, critical):
    """A side without a point is said to have none; whether that fails is for the configuration."""
    found = judged([1.0, 2.0], [], **changes)

    assert (found.label, found.critical) == (label, critical)


def test_missing_points_are_removed_or_zeros():
    """ "NaN" is a missing point: it is taken out, or stands for a zero."""
    points: list[float | str] = [1.0, "NaN", 3.0]

    assert list(prepared(points, Analysis())) == [1.0, 3.0]
    assert list(prepared(points, Analysis(nan_strategy=NanStrategy.REPLACE))) == [1.0, 0.0, 3.0]


def test_outliers_are_removed_where_asked():
    """A point beyond both fences is taken out only where the configuration says so."""
    points: list[float | str] = [*[1.0, 2.0, 3.0] * 100, 1e6]
    removing = Analysis(outliers=Outliers(strategy=OutlierStrategy.REMOVE))

    assert len(prepared(points, Analysis())) == 301
    assert 1e6 not in prepared(points, removing)


@pytest.mark.parametrize("experiment", [[2.0, 1.0], [1.0, 2.0]])
def test_the_same_points_pass(experiment):
    """The same points in another order are the same."""
    assert judged([1.0, 2.0], experiment).label is Label.PASS


def test_two_constants_are_told_apart():
    """Two constants have no variance of their own, and still one is the higher."""
    assert judged([1.0] * 10, [2.0] * 10).label is Label.HIGH


@pytest.mark.parametrize(("limit", "critical"), [(None, True), (5.0, True), (6.0, False)])
def test_critical(limit, critical):
    """A rise of a critical metric is a critical failure once it is large enough."""
    effect = EffectSize(critical_increase=limit)

    assert judged(LOW, HIGH, critical=True, effect_size=effect).critical is critical
