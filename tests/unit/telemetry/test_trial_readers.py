"""A trial has its share of a scrape and no more, and what matters most is in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.evidence.coverage import Cover
from shadowmon.records import EVERYTHING, Side, SliceName, TrialId
from shadowmon.telemetry.families import BY_NAME, FIGURES_OF_TRIAL_MAX
from shadowmon.telemetry.readers import READERS
from shadowmon.telemetry.readings import Labels, Readings
from shadowmon.telemetry.trial_readers import trials
from shadowmon.view import DaemonView, RuleView, Sample, SliceView
from tests.views import a_claim, a_figure, a_rule_view, a_trial_view, a_view


MANY = [SliceName(f"slice-{number}") for number in range(1_500)]
LEFT = len(MANY) - FIGURES_OF_TRIAL_MAX


def read(view: DaemonView, name: str) -> tuple[set[Labels], int]:
    """Return a family's labels, and how much was left out of the scrape."""
    readings = Readings(view, None)
    trials(readings)
    return set(readings.of(BY_NAME[name])), readings.left_out


def test_a_trial_of_many_slices() -> None:
    """All traffic is shown, and what is held to a red line, and then what has most pairs."""
    few = [a_figure(slice=name, red_line=None, count=number) for number, name in enumerate(MANY)]
    few[0] = replace(few[0], red_line=0.05)
    everything = a_figure(slice=EVERYTHING, red_line=None, count=0)

    shown, left_out = read(
        a_view(a_trial_view(figures=(*few, everything), rules=(), coverage=())),
        "evidence_observations",
    )

    slices = {labels[-1] for labels in shown}
    assert len(slices) == FIGURES_OF_TRIAL_MAX
    assert {EVERYTHING, MANY[0], MANY[-1]} <= slices
    assert MANY[1] not in slices
    assert left_out == LEFT + 1


def test_no_breach_is_left_out() -> None:
    """However many claims there are, one that is proven is shown, and the nearest to it."""
    rules = [a_claimed(name, log_e=float(number)) for number, name in enumerate(MANY)]
    rules[0] = replace(rules[0], breached=True)
    view = a_view(a_trial_view(figures=(), rules=tuple(rules), coverage=()))

    shown, left_out = read(view, "evidence_log_e_value")
    readings = Readings(view, None)
    trials(readings)

    slices = {labels[-1] for labels in shown}
    assert {MANY[0], MANY[-1]} <= slices
    assert MANY[1] not in slices
    assert readings.of(BY_NAME["red_line_breached"]) == {("int8", "edge"): 1.0}
    assert left_out == LEFT


def a_claimed(name: SliceName, log_e: float) -> RuleView:
    """Return the rule that watches every slice, on one of them."""
    rule = a_rule_view("edge", Side.WORSE, log_e)
    return replace(rule, evidence=replace(rule.evidence, claim=a_claim(Side.WORSE, slice=name)))


def test_slices_that_want_for_pairs_are_shown_first() -> None:
    """Of those that have what they need some may be left out."""
    coverage = [
        SliceView(slice=name, cover=Cover.COVERED.value, planned_pairs=40, seen_pairs=40)
        for name in MANY
    ]
    coverage[-1] = replace(coverage[-1], cover=Cover.UNDER_WAY.value, seen_pairs=1)

    shown, left_out = read(
        a_view(a_trial_view(figures=(), rules=(), coverage=tuple(coverage))), "slice_covered"
    )

    assert ("int8", MANY[-1]) in shown
    assert len(shown) == FIGURES_OF_TRIAL_MAX
    assert left_out == LEFT


@pytest.mark.parametrize(("others", "share"), [(0, 1_000), (19, 500), (49, 200)])
def test_trials_share_alike(others: int, share: int) -> None:
    """Fifty trials of ten metrics in twenty slices are shown whole; no trial takes it all."""
    figures = tuple(a_figure(slice=name) for name in MANY)
    view = a_view(
        *(
            a_trial_view(trial_id=TrialId(f"t{number}"), number=number, figures=figures)
            for number in range(1 + others)
        )
    )

    shown, _ = read(view, "evidence_observations")

    assert len(shown) == share * (1 + others)


@pytest.mark.parametrize(("known", "shown"), [(1.7, {("int8",): 1.7}), (None, {})])
def test_variance_ratio_of_a_trial(known: float | None, shown: dict[Labels, float]) -> None:
    """Whoever counted the primary metric, a worker or the labels' desk, its ratio is told once."""
    told = Sample(name="variance_ratio", labels=("int8",), value=1.7)
    view = a_view(a_trial_view(variance_ratio=known), gauges=(told,) if known else ())
    readings = Readings(view, None)

    for read_on in READERS:
        read_on(readings)

    assert readings.of(BY_NAME["variance_ratio"]) == shown
