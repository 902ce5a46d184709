"""What the census of all processes holds, and what it adds up."""

from __future__ import annotations

from shadowmon.daemon.census import Census
from shadowmon.ipc.report import Report, Tally
from shadowmon.view import Sample


WORKER = "scoring-1/1"
DURATION = "reply_duration_seconds_exemplar"


def told(worker, *gauges):
    """Return a worker's report of numbers of this moment: (name, labels, value)."""
    tallies = [Tally(name=name, labels=labels, value=value) for name, labels, value in gauges]
    return Report(worker=worker, gauges=tuple(tallies))


def test_newer_exemplar_of_a_bucket_replaces_the_one_before():
    """However many pairs are told as exemplars, the census keeps one for each bucket."""
    census = Census()
    for number in range(1_000):
        census.take(told(WORKER, (DURATION, ("fp16", "0.25", f"pair-{number}", ""), 0.2)))

    (kept,) = census.gauges()

    assert kept == Sample(name=DURATION, labels=("fp16", "0.25", "pair-999", ""), value=0.2)


def test_exemplars_of_several_buckets_and_workers_are_kept_apart():
    """Buckets, models and workers have exemplars of their own."""
    census = Census()
    keys = [("fp16", "0.25"), ("fp16", "0.5"), ("int8", "0.25")]
    for worker in ("scoring-1/1", "scoring-2/1"):
        for model, bound in keys:
            census.take(told(worker, (DURATION, (model, bound, f"of {worker}", ""), 0.2)))

    assert {sample.labels for sample in census.gauges()} == {
        (model, bound, f"of {worker}", "")
        for worker in ("scoring-1/1", "scoring-2/1")
        for model, bound in keys
    }


def test_parts_of_one_report_do_not_wipe_each_other_out():
    """A report that was cut in two tells all of its numbers."""
    census = Census()
    census.take(told(WORKER, ("mirror_queue_length", (), 3.0)))
    census.take(told(WORKER, ("mirror_in_flight", (), 5.0)))

    assert [(sample.name, sample.value) for sample in census.gauges()] == [
        ("mirror_in_flight", 5.0),
        ("mirror_queue_length", 3.0),
    ]


def test_gauges_add_up_and_ratios_do_not():
    """Lengths of two workers are added; of their ratios the largest is told."""
    census = Census()
    for worker, length, ratio in (("scoring-1/1", 3.0, 0.9), ("scoring-2/1", 4.0, 0.7)):
        census.take(
            told(
                worker,
                ("mirror_queue_length", (), length),
                ("variance_ratio", ("int8",), ratio),
            )
        )

    assert {(sample.name, sample.value) for sample in census.gauges()} == {
        ("mirror_queue_length", 7.0),
        ("variance_ratio", 0.9),
    }


def test_what_each_worker_tells_by_a_gauge_can_be_had():
    """Whoever must put ratios together by a rule of their own gets them one by one."""
    census = Census()
    for worker, ratio in (("scoring-1/1", 1.5), ("scoring-2/1", 2.0), ("scoring-1/2", 1.0)):
        census.take(told(worker, ("variance_ratio", ("int8",), ratio)))

    assert {
        name: sorted(ratios) for name, ratios in census.by_worker("variance_ratio").items()
    } == {("int8",): [1.0, 2.0]}


def test_successor_in_a_place_takes_over_its_gauges():
    """A worker's gauges die with it, and its counters stay in the sum."""
    census = Census()
    tally = Tally(name="pairs_total", labels=("int8",), value=2.0)
    gauge = Tally(name="mirror_queue_length", value=7.0)
    census.take(Report(worker="scoring-1/1", tallies=(tally,), gauges=(gauge,)))
    census.take(Report(worker="scoring-1/2", tallies=(tally,)))

    assert census.gauges() == ()
    assert census.total("pairs_total") == 4.0
    assert len(census) == 1


def test_signs_of_life_are_of_a_place():
    """A worker and its successor are one; whoever is silent is not alive."""
    census = Census()
    census.hear("scoring-0/1", 10.0)
    census.hear("scoring-0/2", 20.0)
    census.hear("scoring-1/1", 12.0)

    assert census.alive(15.0) == 1
    assert census.alive(11.0) == 2
