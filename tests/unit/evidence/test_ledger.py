from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.evidence.ledger import Ledger, merge
from shadowmon.records import (
    Cell,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Scope,
    Score,
    SliceName,
    TrialId,
)
from tests.factories import a_pair


CORRECT = Metric(name=MetricName("correct"), kind=MetricKind.VERDICTS, sentence="right")
ERROR = replace(CORRECT, name=MetricName("error"), scope=Scope.STAGE)
APART = replace(CORRECT, name=MetricName("divergence"), kind=MetricKind.DIVERGENCE)
METRICS = {metric.name: metric for metric in (CORRECT, ERROR, APART)}

ALL, LONG = SliceName("all"), SliceName("long")


def a_score(*observations: Observation, slices: tuple[SliceName, ...] = (ALL,), stage=3) -> Score:
    return Score(pair=a_pair(slices=frozenset(slices), stage=stage), observations=observations)


def right(*, metric: Metric = CORRECT) -> Observation:
    return Observation(metric=metric.name, baseline=True, optimized=True)


def a_cell(metric: Metric = CORRECT, slice_name: SliceName = ALL, stage: int = 0) -> Cell:
    return Cell(
        trial_id=TrialId("int8"), epoch=1, stage=stage, metric=metric.name, slice=slice_name
    )


def test_an_observation_is_counted_in_every_slice_of_its_pair():
    """A pair that is in two slices grows two accounts."""
    ledger = Ledger(METRICS)

    ledger.record(a_score(right(), slices=(ALL, LONG)))
    ledger.record(a_score(right()))

    assert ledger.totals() == {
        a_cell(): (0, 0, 0, 2, 0),
        a_cell(slice_name=LONG): (0, 0, 0, 1, 0),
    }


def test_only_a_metric_of_scope_stage_is_kept_by_stage():
    """Quality is counted over the epoch, service by the stage that the pair came in."""
    ledger = Ledger(METRICS)

    ledger.record(a_score(right(), right(metric=ERROR), stage=3))
    ledger.record(a_score(right(), right(metric=ERROR), stage=4))

    assert ledger.totals() == {
        a_cell(): (0, 0, 0, 2, 0),
        a_cell(ERROR, stage=3): (0, 0, 0, 1, 0),
        a_cell(ERROR, stage=4): (0, 0, 0, 1, 0),
    }


def test_a_distance_and_a_missing_one_have_their_places():
    """A divergence is counted in units of 1/256, what is missing in whole observations."""
    ledger = Ledger(METRICS)

    ledger.record(a_score(Observation(metric=APART.name, distance=0.25)))
    ledger.record(a_score(Observation(metric=APART.name, missing="timeout")))

    counts = ledger.totals()[a_cell(APART)]
    assert {place: count for place, count in enumerate(counts) if count} == {32: 256, 129: 1}


def test_changed_accounts_are_handed_out_once():
    """What did not grow since the last time is not published again."""
    ledger = Ledger(METRICS)
    ledger.record(a_score(right()))
    ledger.record(a_score(right(metric=ERROR)))

    first = ledger.take_changed()
    ledger.record(a_score(right()))
    ledger.record(a_score(right()))
    second = ledger.take_changed()

    assert first == {a_cell(): (0, 0, 0, 1, 0), a_cell(ERROR, stage=3): (0, 0, 0, 1, 0)}
    assert second == {a_cell(): (0, 0, 0, 3, 0)}
    assert ledger.take_changed() == {}


def test_all_accounts_can_be_handed_out_again():
    """After a publication that may be lost every total goes out once more."""
    ledger = Ledger(METRICS)
    ledger.record(a_score(right(), right(metric=ERROR)))
    ledger.take_changed()

    ledger.mark_all_changed()

    assert ledger.take_changed() == ledger.totals()
    assert ledger.take_changed() == {}


def test_what_was_handed_out_does_not_grow():
    """Totals are a picture of their moment."""
    ledger = Ledger(METRICS)
    ledger.record(a_score(right()))
    picture = ledger.totals()

    ledger.record(a_score(right()))

    assert picture == {a_cell(): (0, 0, 0, 1, 0)}


def test_a_metric_that_is_not_counted_is_refused():
    """A scorer that observes what it did not announce is told which metrics there are."""
    ledger = Ledger(METRICS)

    with pytest.raises(ValueError, match="'bleu': no such metric, there are: correct, divergence"):
        ledger.record(a_score(Observation(metric=MetricName("bleu"), distance=0.0)))


def test_a_score_is_counted_whole_or_not_at_all():
    """One bad observation keeps its whole score out, so that pairs stay pairs."""
    ledger = Ledger(METRICS)

    with pytest.raises(ValueError, match="distance is 2"):
        ledger.record(a_score(right(), Observation(metric=APART.name, distance=2)))

    assert all(not any(counts) for counts in ledger.totals().values())
    assert ledger.take_changed() == {}


def test_accounts_of_replicas_add():
    """The same cell of two replicas is one account, and a cell of one alone stays as it is."""
    mine = {a_cell(): (1, 2, 3, 4, 5), a_cell(ERROR): (1, 0, 0, 0, 0)}
    theirs = {a_cell(): (10, 20, 30, 40, 50)}

    assert merge([mine, theirs]) == {
        a_cell(): (11, 22, 33, 44, 55),
        a_cell(ERROR): (1, 0, 0, 0, 0),
    }
    assert merge([]) == {}


def test_accounts_of_different_kinds_do_not_add():
    """Replicas that count a metric in different ways are told so."""
    with pytest.raises(ValueError, match="accounts of 5 and 3 places do not add"):
        merge([{a_cell(): (1, 2, 3, 4, 5)}, {a_cell(): (1, 2, 3)}])


def test_what_changed_can_be_had_as_arrays():
    """For each metric the cells that grew and their totals, and nothing when it is asked again."""
    ledger = Ledger(METRICS)
    ledger.record(a_score(right(), right(metric=ERROR), slices=(ALL, LONG)))
    ledger.record(a_score(Observation(metric=APART.name, distance=0.25)))
    expected = ledger.totals()

    rows = ledger.take_changed_rows()

    assert {
        cell: tuple(row)
        for cells, totals in rows.values()
        for cell, row in zip(cells, totals.tolist(), strict=True)
    } == expected
    assert ledger.take_changed() == {}
    assert ledger.take_changed_rows() == {}


def test_accounts_are_kept_apart_by_sampling_rate():
    """What was sampled with another probability is another account."""
    ledger = Ledger(METRICS)
    for rate in (10_000, 500):
        ledger.record(Score(pair=a_pair(rate=rate), observations=(right(),)))

    assert {cell.rate: counts for cell, counts in ledger.totals().items()} == {
        10_000: (0, 0, 0, 1, 0),
        500: (0, 0, 0, 1, 0),
    }
