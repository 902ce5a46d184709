"""
From the view and the board to numbers.

A reader takes one part of the picture; one that fails costs what it had not read yet.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TypeAlias

from shadowmon.telemetry.data_plane_readers import answers, data_plane
from shadowmon.telemetry.families import BY_NAME, FAMILIES
from shadowmon.telemetry.family import EXEMPLAR, SUM, Kind
from shadowmon.telemetry.readings import Readings
from shadowmon.telemetry.skew import drop_skew
from shadowmon.telemetry.trial_readers import trials


_Reader: TypeAlias = Callable[[Readings], None]


# --- what processes told ---


def _samples(readings: Readings) -> None:
    view = readings.view
    if view is None:
        return
    for sample in view.samples:
        kinds = (Kind.COUNTER, Kind.HISTOGRAM)
        readings.add_sample(sample.name, sample.labels, sample.value, kinds)
    for sample in view.gauges:
        if sample.name.endswith(EXEMPLAR):
            readings.add_exemplar(sample.name, sample.labels, sample.value)
        else:
            readings.add_sample(sample.name, sample.labels, sample.value, (Kind.GAUGE,))


def _drop_skew(readings: Readings) -> None:
    for by in ("length", "hour"):
        counts = readings.of(BY_NAME[f"sampled_by_{by}_total"])
        readings.put("drop_skew_ratio", (by,), drop_skew(counts))


# --- the daemon ---


def _daemon(readings: Readings) -> None:
    view = readings.view
    if view is None:
        return
    for stage, count in view.funnel.items():
        readings.put("funnel_total", (stage,), float(count))
    reload_at = view.config_reload_at
    for name, value in (
        ("ready", float(not view.problems)),
        ("store_writable", float(not view.store_problem)),
        ("control_last_tick_timestamp_seconds", view.at.timestamp()),
        ("control_tick_duration_seconds", view.tick_seconds),
        ("config_last_reload_successful", float(view.config_reload_successful)),
        (
            "config_last_reload_success_timestamp_seconds",
            reload_at.timestamp() if reload_at else 0.0,
        ),
        ("start_time_seconds", view.started_at.timestamp()),
    ):
        readings.put(name, (), value)
    readings.put("build_info", (view.version,), 1.0)


# --- what exists before it happens ---


def _beginnings(readings: Readings) -> None:
    """Let everything whose labels are known exist, at 0."""
    found = readings.view.trials if readings.view else ()
    known = {
        "trial": tuple(trial.trial_id for trial in found),
        "route": tuple({trial.route for trial in found}),
        "model": tuple({model for trial in found for model in (trial.baseline, trial.optimized)}),
    }
    for family in FAMILIES:
        if family.kind is Kind.GAUGE and (family.labels or readings.view is None):
            continue  # what is not known of a trial, or without a picture, is no zero
        values = {**known, **family.closed}
        if all(label in values for label in family.labels):
            for labels in product(*(values[label] for label in family.labels)):
                part = (SUM,) if family.kind is Kind.HISTOGRAM else ()
                readings.put_if_absent(family.name, (*labels, *part), 0.0)


READERS: tuple[_Reader, ...] = (
    _samples,
    data_plane,
    _drop_skew,
    answers,
    trials,
    _daemon,
    _beginnings,
)
"""In this order. One that fails costs what it had not read yet, and nothing of the others."""
