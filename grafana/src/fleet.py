"""Fleet: all trials at a glance."""

from __future__ import annotations

from grafana.src import boards
from grafana.src.panels import (
    BLUE,
    COUNT,
    GREEN,
    GREY,
    ORANGE,
    RATIO,
    RED,
    SECONDS,
    THINGS_PER_SECOND,
    WIDTH,
    YELLOW,
    lines,
    numbers,
    query,
    rows,
    states,
    timeline,
)
from grafana.src.sdk import dashboard as sdk


PHASES = (
    ("benchmark", GREY),
    ("side by side", GREY),
    ("shadowing", BLUE),
    ("progressing", YELLOW),
    ("promoted", GREEN),
    ("rolled back", RED),
)
GRADES = (
    ("wait", GREY),
    ("accept", GREEN),
    ("review", YELLOW),
    ("borderline", ORANGE),
    ("reject", RED),
    ("red line", RED),
)

MINE = 'trial=~"$trial"'


def dashboard() -> sdk.Dashboard:
    """Return it."""
    made = (
        boards.board("fleet", "shadowmon / Fleet", "All trials at a glance.")
        .with_variable(
            boards.variable("trial", "Trial", "label_values(shadowmon_rollout_phase_index, trial)")
        )
        .annotation(
            boards.annotation(
                "Weight moved",
                f"changes(shadowmon_rollout_desired_weight_ratio{{{MINE}}}[$__rate_interval]) > 0",
                "{{trial}} moved",
                colour=BLUE,
            )
        )
        .annotation(
            boards.annotation(
                "Red line",
                f"max by (trial, rule) (shadowmon_red_line_breached{{{MINE}}}) == 1",
                "{{trial}}: {{rule}}",
                colour=RED,
            )
        )
    )
    return _evidence(_now(made))


def _now(made: sdk.Dashboard) -> sdk.Dashboard:
    return (
        made.with_row(sdk.Row("Now"))
        .with_panel(
            numbers(
                "Alerts firing",
                "Alerts of shadowmon that fire now, by how urgent they are.",
                [
                    query(
                        'sum by (severity) (ALERTS{alertname=~"Shadowmon.+",alertstate="firing"})',
                        "{{severity}}",
                    )
                ],
                unit=COUNT,
                bad_from=1,
                nothing="none",
            )
        )
        .with_panel(
            numbers(
                "Trials by phase",
                "How many trials are where.",
                [query(f"sum by (phase) (shadowmon_rollout_phase{{{MINE}}}) > 0", "{{phase}}")],
                unit=COUNT,
                span=8,
                good=BLUE,
            )
        )
        .with_panel(
            numbers(
                "Pairs a second",
                "Scored pairs of all trials. ShadowmonNoEvidence and ShadowmonShadowSilent "
                "watch this.",
                [query(f"sum(rate(shadowmon_pairs_total{{{MINE}}}[$__rate_interval]))", "pairs")],
                unit=THINGS_PER_SECOND,
                span=5,
                good=BLUE,
            )
        )
        .with_panel(
            numbers(
                "Red lines breached",
                "Rules that are proven to be crossed. ShadowmonRedLineBreached pages on each, and "
                "ShadowmonAwaitsReArm stays until a person has re-armed the trial.",
                [
                    query(
                        f"sum(max by (trial, rule) (shadowmon_red_line_breached{{{MINE}}}))",
                        "breached",
                    )
                ],
                unit=COUNT,
                span=5,
                bad_from=1,
            )
        )
        .with_panel(
            timeline(
                "Phases",
                "Where each trial's rollout was. ShadowmonRolloutStuck fires on one that "
                "does not move.",
                [query(f"max by (trial) (shadowmon_rollout_phase_index{{{MINE}}})", "{{trial}}")],
                mappings=states(PHASES),
            )
        )
        .with_panel(
            timeline(
                "What is proven",
                "The grade of each trial's loss. ShadowmonDegraded fires on review, "
                "borderline and reject.",
                [query(f"max by (trial) (shadowmon_verdict_grade_index{{{MINE}}})", "{{trial}}")],
                mappings=states(GRADES),
            )
        )
        .with_panel(
            rows(
                "Trials",
                "Each trial: shares of traffic, whether it may climb, how many limits wait "
                "to be loosened, and how much "
                "more means of many pairs vary than those of independent pairs (1 is well).",
                [
                    (
                        "Desired weight",
                        f"max by (trial) (shadowmon_rollout_desired_weight_ratio{{{MINE}}})",
                    ),
                    (
                        "Applied weight",
                        f"max by (trial) (shadowmon_rollout_applied_weight_ratio{{{MINE}}})",
                    ),
                    ("Paused", f"max by (trial) (shadowmon_rollout_paused{{{MINE}}})"),
                    ("Blocked", f"max by (trial) (shadowmon_rollout_blocked{{{MINE}}})"),
                    ("Limits pending", f"max by (trial) (shadowmon_limits_pending{{{MINE}}})"),
                    ("Variance ratio", f"max by (trial) (shadowmon_variance_ratio{{{MINE}}})"),
                    ("Breaches listed", f"max by (trial) (shadowmon_discoveries{{{MINE}}})"),
                ],
                by=["trial"],
                unit=COUNT,
            )
        )
    )


def _evidence(made: sdk.Dashboard) -> sdk.Dashboard:
    return (
        made.with_row(sdk.Row("Traffic and evidence"))
        .with_panel(
            lines(
                "Share of traffic",
                "What was decided, and what the actuator read back. ShadowmonWeightDrift "
                "fires if they differ.",
                [
                    query(
                        f"max by (trial) (shadowmon_rollout_desired_weight_ratio{{{MINE}}})",
                        "{{trial}} desired",
                    ),
                    query(
                        f"max by (trial) (shadowmon_rollout_applied_weight_ratio{{{MINE}}})",
                        "{{trial}} applied",
                    ),
                ],
                unit=RATIO,
                dashed=["/.* desired/"],
            )
        )
        .with_panel(
            lines(
                "Way to a roll-back",
                "The weighted average of all rules that take weight away, over what it must "
                "reach; at 1 it is proven.",
                [
                    query(
                        f"shadowmon_roll_back_log_e_value{{{MINE}}} / "
                        f"shadowmon_roll_back_log_e_needed{{{MINE}}}",
                        "{{trial}}",
                    )
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Pairs",
                "Scored pairs of each trial.",
                [
                    query(
                        f"sum by (trial) (rate(shadowmon_pairs_total{{{MINE}}}[$__rate_interval]))",
                        "{{trial}}",
                    )
                ],
                unit=THINGS_PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Age of the evidence",
                "Since newly scored pairs were last counted.",
                [
                    query(
                        "time() - max by (trial) "
                        f"(shadowmon_last_pair_timestamp_seconds{{{MINE}}} > 0)",
                        "{{trial}}",
                    )
                ],
                unit=SECONDS,
            )
        )
        .with_panel(
            lines(
                "What shadow calls cost",
                "In the currency of the prices, an hour at the present pace.",
                [
                    query(
                        "sum by (model) "
                        "(rate(shadowmon_shadow_cost_total[$__rate_interval])) * 3600",
                        "{{model}}",
                    )
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Verdicts",
                "Verdicts that were reached, by what they decided.",
                [
                    query(
                        "sum by (decision) "
                        f"(increase(shadowmon_verdicts_total{{{MINE}}}[$__rate_interval]))",
                        "{{decision}}",
                    )
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Red lines proven crossed",
                "Times a red line was proven crossed.",
                [
                    query(
                        "sum by (trial, rule) "
                        f"(increase(shadowmon_red_line_breaches_total{{{MINE}}}[$__rate_interval]))",
                        "{{trial}} {{rule}}",
                    )
                ],
                unit=COUNT,
                span=WIDTH,
            )
        )
    )
