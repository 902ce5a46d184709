from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shadowmon.evidence import knots, outcomes
from shadowmon.evidence.ledger import Ledger, merge
from shadowmon.records import (
    Cell,
    Contrast,
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
MARKED = replace(
    CORRECT,
    name=MetricName("marked"),
    kind=MetricKind.SCORES,
    held_to=(
        (Contrast.RELATIVE_DROP, 0.01),
        (Contrast.RELATIVE_DROP, 0.05),
        (Contrast.ABSOLUTE_RISE, 0.1),
        (Contrast.RELATIVE_RISE, 0.3),
    ),
)
METRICS = {metric.name: metric for metric in (CORRECT, ERROR, APART, MARKED)}

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


def test_looking_loses_nothing_that_comes_later():
    """However often totals are asked for, what is recorded between is counted, and once."""
    ledger = Ledger(METRICS)

    seen = []
    for _ in range(3):
        ledger.record(a_score(right()))
        seen += [ledger.totals()[a_cell()], ledger.totals()[a_cell()]]

    assert [counts[3] for counts in seen] == [1, 1, 2, 2, 3, 3]


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
        cell: tuple(account)
        for changed in rows.values()
        for cell, account in zip(
            changed.cells, changed.accounts[changed.rows].tolist(), strict=True
        )
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


@pytest.mark.parametrize(("pair_rate", "seen_rate", "rate"), [(10_000, 500, 500), (200, 30, 1)])
def test_what_is_measured_now_and_then_is_counted_at_the_rate_of_both_draws(
    pair_rate, seen_rate, rate
):
    """The pair was sampled, and then the metric was: the two chances are multiplied."""
    ledger = Ledger(METRICS)
    judged = Observation(metric=APART.name, distance=0.0, rate=seen_rate)

    ledger.record(Score(pair=a_pair(rate=pair_rate), observations=(right(), judged)))

    assert {cell.metric: cell.rate for cell in ledger.totals()} == {
        CORRECT.name: pair_rate,
        APART.name: rate,
    }


def test_a_metric_has_an_account_at_each_of_its_rates():
    """The same pair's metric, measured at another rate, is another account."""
    ledger = Ledger(METRICS)
    for rate in (10_000, 500, 500):
        ledger.record(a_score(Observation(metric=APART.name, distance=0.0, rate=rate)))

    counted = {cell.rate: counts[0] for cell, counts in ledger.totals().items()}
    assert counted == {10_000: 256, 500: 512}


def slowly(metric: Metric, observations: list[Any]) -> list[int]:
    """Count one observation after the other, as the formats are defined."""
    counts = [0] * outcomes.places(metric)
    for seen in observations:
        if seen.missing:
            counts[-1] += 1
        elif metric.kind is MetricKind.VERDICTS:
            counts[2 * bool(seen.baseline) + bool(seen.optimized)] += 1
        elif metric.kind is MetricKind.DIVERGENCE:
            for knot, amount in knots.split(seen.distance, (metric.lower, metric.upper)):
                counts[knot] += amount
        else:
            steps = [round(value * 32768) for value in (seen.baseline, seen.optimized)]
            rounded = [step / 32768 for step in steps]
            for number, (contrast, limit) in enumerate(metric.held_to):
                score = outcomes.score(contrast, limit, *rounded)
                for knot, amount in knots.split(score, outcomes.score_span(contrast, limit)):
                    counts[129 * number + knot] += amount
            counts[-3] += steps[0]
            counts[-2] += steps[1]
    return counts


def drawn(metric: Metric, count: int) -> list[Observation]:
    """Draw observations; some are missing, some at the ends of their range, some halfway."""
    generator = np.random.default_rng(3)
    figures = generator.choice([0.0, 1.0, 0.5, 1 / 3, 1 / 65536, 3 / 65536], (count, 2))
    figures = np.where(generator.random((count, 2)) < 0.5, generator.random((count, 2)), figures)
    observations = []
    for one, other in figures.tolist():
        if generator.random() < 0.1:
            form: dict[str, Any] = {"missing": "timeout"}
        elif metric.kind is MetricKind.VERDICTS:
            form = {"baseline": one < 0.5, "optimized": other < 0.5}
        elif metric.kind is MetricKind.DIVERGENCE:
            form = {"distance": metric.lower + one * (metric.upper - metric.lower)}
        else:
            form = {"baseline": one, "optimized": other}
        observations.append(Observation(metric=metric.name, **form))
    return observations


WIDE = replace(APART, lower=-10.0, upper=6.0)


@pytest.mark.parametrize("metric", [CORRECT, APART, WIDE, MARKED], ids=lambda each: each.name)
@pytest.mark.parametrize("count", [1, 700, 5_000])
def test_many_observations_are_counted_together_as_one_by_one(metric, count):
    """The same integers, however many wait, and when somebody asks in between."""
    ledger = Ledger({metric.name: metric})
    observations = drawn(metric, count)
    for number, seen in enumerate(observations):
        ledger.record(a_score(seen, slices=(ALL, LONG) if number % 3 else (ALL,)))
        if number == count // 2:
            ledger.totals()

    totals = {cell.slice: list(counts) for cell, counts in ledger.totals().items()}
    assert totals[ALL] == slowly(metric, observations)
    in_both = [seen for number, seen in enumerate(observations) if number % 3]
    assert totals.get(LONG, slowly(metric, [])) == slowly(metric, in_both)


def test_a_refused_score_takes_back_nothing_else():
    """What waits of the scores before it is still counted, in every metric."""
    ledger = Ledger(METRICS)
    apart = Observation(metric=APART.name, distance=0.5)
    ledger.record(a_score(right(), apart))
    with pytest.raises(ValueError, match="optimized is 7"):
        ledger.record(
            a_score(right(), apart, Observation(metric=MARKED.name, baseline=0.1, optimized=7))
        )
    ledger.record(a_score(apart))

    totals = ledger.totals()
    assert totals[a_cell()] == (0, 0, 0, 1, 0)
    assert totals[a_cell(APART)][64] == 512


def test_a_pair_in_no_slice_is_counted_nowhere():
    """And it does not move what others count."""
    ledger = Ledger(METRICS)

    ledger.record(a_score(right(), slices=()))
    ledger.record(a_score(right(), slices=(ALL, LONG)))

    assert ledger.totals() == {
        a_cell(): (0, 0, 0, 1, 0),
        a_cell(slice_name=LONG): (0, 0, 0, 1, 0),
    }


def test_what_waits_is_bounded():
    """However long nobody asks, only so much is kept that is not counted yet."""
    ledger = Ledger(METRICS)
    for _ in range(5_000):
        ledger.record(a_score(right(), right(metric=ERROR)))

    assert sum(len(book.rows) for book in ledger._books.values()) < 1_100
