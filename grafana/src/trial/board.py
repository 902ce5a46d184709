"""The whole dashboard of a trial, in flow order from what is decided back to the traffic."""

from __future__ import annotations

from grafana.src import boards
from grafana.src.panels import BLUE, ORANGE, RED
from grafana.src.sdk import dashboard as sdk
from grafana.src.trial import funnel, models, proof, stage
from grafana.src.trial.scope import MINE


def dashboard() -> sdk.Dashboard:
    """Return it."""
    made = (
        boards.board(
            "trial", "shadowmon / Trial", "One optimized model against its baseline, in flow order."
        )
        .with_variable(
            boards.variable(
                "trial",
                "Trial",
                "label_values(shadowmon_rollout_phase_index, trial)",
                several=False,
            )
        )
        .with_variable(
            boards.variable(
                "metric",
                "Metric",
                f"label_values(shadowmon_evidence_observations{{{MINE}}}, metric)",
            )
        )
        .with_variable(
            boards.variable(
                "slice",
                "Slice",
                f"label_values(shadowmon_evidence_observations{{{MINE}}}, slice)",
                several=False,
            )
        )
        .annotation(
            boards.annotation(
                "Weight moved",
                f"changes(shadowmon_rollout_desired_weight_ratio{{{MINE}}}[$__rate_interval]) > 0",
                "the weight moved",
                colour=BLUE,
            )
        )
        .annotation(
            boards.annotation(
                "Verdict",
                "sum by (decision) (increase("
                f'shadowmon_verdicts_total{{{MINE},decision!="hold"}}[$__rate_interval]'
                ")) > 0",
                "{{decision}}",
                colour=ORANGE,
            )
        )
        .annotation(
            boards.annotation(
                "Alarm",
                f"max by (rule) (shadowmon_alarm_raised{{{MINE}}}) == 1 or max by (rule) "
                f"(shadowmon_red_line_breached{{{MINE}}}) == 1",
                "{{rule}}",
                colour=RED,
            )
        )
    )
    made = proof.slices(proof.race(proof.evidence(stage.row(made))))
    return models.row(funnel.row(made))
