"""Row *Stage*: where the rollout is, and since when."""

from __future__ import annotations

from grafana.src.fleet import GRADES, PHASES
from grafana.src.panels import (
    BLUE,
    COUNT,
    GREEN,
    RATIO,
    SECONDS,
    YELLOW,
    numbers,
    query,
    states,
    timeline,
)
from grafana.src.sdk import dashboard as sdk
from grafana.src.trial.scope import MINE


def row(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add the row."""
    return (
        made.with_row(sdk.Row("Stage"))
        .with_panel(
            numbers(
                "Phase",
                "Where the rollout is.",
                [query(f"max(shadowmon_rollout_phase_index{{{MINE}}})", "phase")],
                unit=COUNT,
                mappings=states(PHASES),
            )
        )
        .with_panel(
            numbers(
                "Weight",
                "The optimized model's share: desired, and as read back. ShadowmonWeightDrift.",
                [
                    query(f"max(shadowmon_rollout_desired_weight_ratio{{{MINE}}})", "desired"),
                    query(f"max(shadowmon_rollout_applied_weight_ratio{{{MINE}}})", "applied"),
                ],
                unit=RATIO,
                good=BLUE,
            )
        )
        .with_panel(
            numbers(
                "In this stage for",
                "Since the stage was entered. ShadowmonRolloutStuck fires after a day.",
                [
                    query(
                        "time() - "
                        f"max(shadowmon_rollout_stage_entered_timestamp_seconds{{{MINE}}})",
                        "time",
                    )
                ],
                unit=SECONDS,
                bad_from=86_400,
            )
        )
        .with_panel(
            numbers(
                "Pairs in this stage",
                "Scored so far, and what the stage must have before the next climb.",
                [
                    query(f"max(shadowmon_rollout_stage_pairs{{{MINE}}})", "scored"),
                    query(f"max(shadowmon_rollout_stage_pairs_min{{{MINE}}})", "at least"),
                ],
                unit=COUNT,
                good=BLUE,
            )
        )
        .with_panel(
            timeline(
                "Stages",
                "The phase, as it changed.",
                [query(f"max(shadowmon_rollout_phase_index{{{MINE}}})", "phase")],
                mappings=states(PHASES),
            )
        )
        .with_panel(
            timeline(
                "What is proven",
                "The grade of the loss. ShadowmonDegraded, ShadowmonRedLineBreached. Why, in "
                "words and figures: shadowmon explain TRIAL. Which rule: Red lines, below.",
                [query(f"max(shadowmon_verdict_grade_index{{{MINE}}})", "grade")],
                mappings=states(GRADES),
            )
        )
        .with_panel(
            timeline(
                "Kept from climbing",
                "Whether something holds it where it is though its evidence might let it climb: a "
                "person's pause, or whatever else. Which, in words: shadowmon explain TRIAL.",
                [
                    query(f"max(shadowmon_rollout_blocked{{{MINE}}})", "kept"),
                    query(f"max(shadowmon_rollout_paused{{{MINE}}})", "paused"),
                ],
                mappings=states((("no", GREEN), ("yes", YELLOW))),
            )
        )
    )
