"""Rows *Evidence*, *The race of e-values* and *Slices*: what is known, and what is proven."""

from __future__ import annotations

from grafana.src.panels import (
    COUNT,
    RATIO,
    lines,
    query,
    rows,
)
from grafana.src.sdk import dashboard as sdk
from grafana.src.sdk import timeseries
from grafana.src.trial.scope import FIGURE, MINE


def evidence(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add row *Evidence*: each figure in its interval, against its limits."""
    named = "{{metric}} {{slice}}"
    return (
        made.with_row(sdk.Row("Evidence"))
        .with_panel(_figure())
        .with_panel(
            lines(
                "Measured and missing",
                "Pairs of each metric in this epoch, and those that should have been "
                "measured and were not.",
                [
                    query(f"shadowmon_evidence_observations{{{FIGURE}}}", f"{named} measured"),
                    query(f"shadowmon_evidence_missing{{{FIGURE}}}", f"{named} missing"),
                ],
                unit=COUNT,
            )
        )
    )


LIMITS_WIDE = 6
"""
An interval is drawn once it is no wider than so many times its limit. The first pairs' intervals
reach from -100 % to 100 %: beside them neither the limit nor what follows could be told from 0.
"""


def _figure() -> timeseries.Panel:
    """
    Return the panel of one metric, which Grafana repeats for each that is chosen.

    A band is filled down to the line of one exact name: there can be one in a panel, of one slice.
    A limit on another contrast than the estimate's cannot be drawn beside it, and is left out.
    """
    same = f"and on (metric, slice, contrast) shadowmon_evidence_estimate{{{FIGURE}}}"
    panel = lines(
        "$metric: its interval against its limits",
        "The estimate in its confidence sequence, against what a climb asks and against the red "
        f"line; drawn once the interval is no wider than {LIMITS_WIDE} times its limit, for one "
        "that is wider says nothing yet. A metric that ends in _floor is the baseline against "
        "itself; one in _excess goes beyond that.",
        [
            query(_if_narrow("estimate"), "estimate"),
            query(_if_narrow("lower"), "lower"),
            query(_if_narrow("upper"), "upper"),
            query(f"shadowmon_evidence_acceptable{{{FIGURE}}} {same}", "acceptable"),
            query(f"shadowmon_evidence_red_line{{{FIGURE}}} {same}", "red line"),
        ],
        unit=RATIO,
        bands=[("upper", "lower")],
        dashed=["acceptable", "red line"],
    )
    return panel.repeat("metric").repeat_direction("h").max_per_row(2)


def _if_narrow(what: str) -> str:
    """Ask for a part of the interval, while that is not far wider than its limit, if it has one."""
    asked = f"shadowmon_evidence_{what}{{{FIGURE}}}"
    width = f"shadowmon_evidence_upper{{{FIGURE}}} - shadowmon_evidence_lower{{{FIGURE}}}"
    limit = (
        f"(shadowmon_evidence_red_line{{{FIGURE}}} > 0 "
        f"or shadowmon_evidence_acceptable{{{FIGURE}}} > 0)"
    )
    return f"{asked} unless {width} > {LIMITS_WIDE} * {limit}"


def race(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add row *The race of e-values*: each proof, and what it needs."""
    claim = "{{rule}} {{metric}} {{slice}}"
    return (
        made.with_row(sdk.Row("The race of e-values"))
        .with_panel(
            lines(
                "Log e-values and what they race to",
                "Each rule's proof, as a natural logarithm, and what it needs (dashed).",
                [
                    query(f"shadowmon_evidence_log_e_value{{{FIGURE}}} > -50", claim),
                    query(f"shadowmon_evidence_log_e_needed{{{FIGURE}}}", f"{claim} needed"),
                ],
                unit=COUNT,
                dashed=["/.* needed/"],
            )
        )
        .with_panel(
            lines(
                "Proof of all rules that take weight away",
                "Their weighted average, and what it must reach.",
                [
                    query(f"shadowmon_roll_back_log_e_value{{{MINE}}} > -50", "all rules together"),
                    query(f"shadowmon_roll_back_log_e_needed{{{MINE}}}", "needed"),
                ],
                unit=COUNT,
                dashed=["/needed/"],
            )
        )
        .with_panel(
            lines(
                "Pairs still needed",
                "Forecast of the pairs that a climb's claims still need, if things go on as "
                "they have.",
                [query(f"shadowmon_evidence_pairs_needed{{{MINE}}}", claim)],
                unit=COUNT,
            )
        )
        .with_panel(
            rows(
                "Red lines",
                "Each rule that can take weight away: armed, how far its interval is from "
                "the limit, alarm (ShadowmonAlarm), "
                "breached.",
                [
                    ("Armed", f"max by (rule) (shadowmon_red_line_armed{{{MINE}}})"),
                    ("Distance", f"min by (rule) (shadowmon_red_line_distance{{{MINE}}})"),
                    ("Alarm", f"max by (rule) (shadowmon_alarm_raised{{{MINE}}})"),
                    ("Breached", f"max by (rule) (shadowmon_red_line_breached{{{MINE}}})"),
                ],
                by=["rule"],
                span=12,
            )
        )
    )


def slices(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add row *Slices*: how far each is covered."""
    return made.with_row(sdk.Row("Slices")).with_panel(
        rows(
            "Slices",
            "The pairs of each slice beside those that its red line was planned to take; 1 "
            "is covered.",
            [
                ("Pairs", f"max by (slice) (shadowmon_slice_pairs{{{MINE}}})"),
                ("Planned", f"max by (slice) (shadowmon_slice_planned_pairs{{{MINE}}})"),
                ("Covered", f"max by (slice) (shadowmon_slice_covered{{{MINE}}})"),
            ],
            by=["slice"],
        )
    )
