"""Row *Scoring*: scorers, and truths that come later."""

from __future__ import annotations

from grafana.src.daemon.scope import HERE, RATE
from grafana.src.panels import COUNT, THINGS_PER_SECOND, lines, query
from grafana.src.sdk import dashboard as sdk


def row(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add the row."""
    return (
        made.with_row(sdk.Row("Scoring"))
        .with_panel(
            lines(
                "Scorer processes lost",
                "By why. ShadowmonScoringFailing.",
                [
                    query(
                        "sum by (reason) "
                        f"(increase(shadowmon_scorer_process_restarts_total{{{HERE}}}{RATE}))",
                        "{{reason}}",
                    )
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Labels and feedback",
                "What became of truths that were told, of pairs that wait for one, and of what "
                "users said of answers.",
                [
                    query(
                        f"sum by (fate) (rate(shadowmon_labels_total{{{HERE}}}{RATE}))", "{{fate}}"
                    ),
                    query(
                        f"sum by (fate) (rate(shadowmon_feedback_total{{{HERE}}}{RATE}))",
                        "feedback {{fate}}",
                    ),
                ],
                unit=THINGS_PER_SECOND,
            )
        )
    )
