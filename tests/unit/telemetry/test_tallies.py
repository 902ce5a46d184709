"""What is counted is checked, adds up, and is told in the form that reports have."""

from __future__ import annotations

import timeit

import pytest

from shadowmon.ipc.report import Tally
from shadowmon.telemetry import tallies as tallies_module
from shadowmon.telemetry.families import REPLY_SECONDS
from shadowmon.telemetry.tallies import Tallies


def test_counters_add_up() -> None:
    """Equal labels add up; other labels are another number."""
    tallies = Tallies()

    tallies.add("replies_total", "int8", "ok")
    tallies.add("replies_total", "int8", "ok", by=2.5)
    tallies.add("replies_total", "int8", "timeout")

    assert tallies.snapshot() == (
        Tally(name="replies_total", labels=("int8", "ok"), value=3.5),
        Tally(name="replies_total", labels=("int8", "timeout"), value=1.0),
    )


def test_counter_exists_before_it_counts() -> None:
    """To add nothing makes a counter exist."""
    tallies = Tallies()

    tallies.add("journal_entries_total", by=0)

    assert tallies.snapshot() == (Tally(name="journal_entries_total", value=0.0),)


@pytest.mark.parametrize(
    ("value", "bound"),
    [(0.0, "0.01"), (0.01, "0.01"), (0.0100001, "0.025"), (60.0, "60.0"), (61.0, "+Inf")],
)
def test_buckets_hold_their_upper_bound(value: float, bound: str) -> None:
    """A value that equals a bucket's upper bound is in that bucket (Prometheus: less or equal)."""
    tallies = Tallies()

    tallies.observe("reply_duration_seconds", "int8", value=value)

    assert Tally(name="reply_duration_seconds", labels=("int8", bound), value=1) in (
        tallies.snapshot()
    )


def test_histogram_is_told_by_buckets_and_sum() -> None:
    """A histogram is told as its buckets that are not empty, not cumulative, and its sum."""
    tallies = Tallies()

    for value in (0.02, 0.02, 100.0):
        tallies.observe("reply_duration_seconds", "int8", value=value)

    told = {tally.labels: tally.value for tally in tallies.snapshot()}
    assert told == {("int8", "0.025"): 2, ("int8", "+Inf"): 1, ("int8", "sum"): 100.04}
    assert len(REPLY_SECONDS) == 12


def test_gauges_are_of_this_moment() -> None:
    """A gauge's newest value stands, and is told apart from what only grows."""
    tallies = Tallies()

    tallies.set("mirror_queue_length", value=3)
    tallies.set("mirror_queue_length", value=1)

    assert tallies.gauges() == (Tally(name="mirror_queue_length", value=1),)
    assert tallies.snapshot() == ()


def test_total_sums_over_further_labels() -> None:
    """A total sums over all labels that are not given."""
    tallies = Tallies()
    tallies.add("exchanges_total", "tap", "mirrored", by=2)
    tallies.add("exchanges_total", "tap", "shed")
    tallies.add("exchanges_total", "mirror", "shed")

    assert tallies.total("exchanges_total", "tap") == 3
    assert tallies.total("exchanges_total") == 4
    assert tallies.total("exchanges_total", "tap", "shed") == 1
    assert tallies.total("pairs_total") == 0


def test_unknown_names_and_labels_are_bugs() -> None:
    """A name, kind or number of labels that no family has is refused, and named."""
    tallies = Tallies()

    with pytest.raises(ValueError, match="no counter is called pairs"):
        tallies.add("pairs")
    with pytest.raises(ValueError, match="no gauge is called pairs_total"):
        tallies.set("pairs_total", "int8", value=1)
    with pytest.raises(ValueError, match="no histogram is called pairs_total"):
        tallies.observe("pairs_total", "int8", value=1)
    with pytest.raises(ValueError, match=r"pairs_total has the labels \('trial',\); found \(\)"):
        tallies.add("pairs_total")
    with pytest.raises(ValueError, match="only grows; found -1"):
        tallies.add("pairs_total", "int8", by=-1)
    with pytest.raises(ValueError, match="only grows; found nan"):
        tallies.add("pairs_total", "int8", by=float("nan"))
    assert tallies.snapshot() == ()


def test_labels_cannot_flood_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Label sets beyond the cap are not kept; how many is counted."""
    monkeypatch.setattr(tallies_module, "SERIES_TOLD_MAX", 3)
    tallies = Tallies()

    for number in range(10):
        tallies.add("pairs_total", str(number))

    assert tallies.total("pairs_total") == 3
    assert tallies.total("metrics_label_overflow_total") == 7


def test_counting_is_cheap() -> None:
    """To count costs microseconds: it is done several times for every exchange."""
    tallies = Tallies()

    seconds = min(
        timeit.repeat(lambda: tallies.add("replies_total", "int8", "ok"), number=2000, repeat=5)
    )

    assert seconds / 2000 < 10e-6


def test_exemplars_are_told_as_numbers_of_this_moment() -> None:
    """Of each bucket the newest observation that was told apart is among the gauges."""
    tallies = Tallies()
    for pair, value in (("p1", 0.3), ("p2", 0.4), ("p3", 0.02)):
        tallies.observe("reply_duration_seconds", "int8", value=value, exemplar=(pair, "t"))

    told = {tally.labels: tally.value for tally in tallies.gauges()}

    assert told == {("int8", "0.5", "p2", "t"): 0.4, ("int8", "0.025", "p3", "t"): 0.02}


def test_exemplar_of_the_wrong_length() -> None:
    """An exemplar that the family does not know raises where it is made."""
    with pytest.raises(ValueError, match="exemplars"):
        Tallies().observe("reply_duration_seconds", "int8", value=0.3, exemplar=("only",))
    with pytest.raises(ValueError, match="exemplars"):
        Tallies().observe("event_loop_lag_seconds", "control", value=0.3, exemplar=("p", "t"))
