"""Row *Both models*: how long they take, how they end, what they cost."""

from __future__ import annotations

from grafana.src.panels import (
    COUNT,
    PER_SECOND,
    SECONDS,
    THINGS_PER_SECOND,
    lines,
    query,
)
from grafana.src.sdk import dashboard as sdk
from grafana.src.trial.scope import MINE, RATE


def row(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add the row."""
    durations = f"sum by (le, model) (rate(shadowmon_reply_duration_seconds_bucket{RATE}))"
    first = f"sum by (le, model) (rate(shadowmon_reply_first_byte_seconds_bucket{RATE}))"
    return (
        made.with_row(sdk.Row("Both models"))
        .with_panel(
            lines(
                "How long replies take",
                "Median and 99 % of the good replies of every model. A dot is a pair: it "
                "leads to the console and to its trace.",
                [
                    query(
                        f"histogram_quantile(0.5, {durations})", "{{model}} median", exemplar=True
                    ),
                    query(
                        f"histogram_quantile(0.99, {durations})", "{{model}} 99 %", exemplar=True
                    ),
                ],
                unit=SECONDS,
            )
        )
        .with_panel(
            lines(
                "Time to the first byte",
                "Median and 99 % of the good replies of every model.",
                [
                    query(f"histogram_quantile(0.5, {first})", "{{model}} median", exemplar=True),
                    query(f"histogram_quantile(0.99, {first})", "{{model}} 99 %", exemplar=True),
                ],
                unit=SECONDS,
            )
        )
        .with_panel(
            lines(
                "How replies end",
                "Replies of every model, by outcome; and which count as down. ShadowmonModelDown.",
                [
                    query("max by (model) (shadowmon_breaker_open)", "{{model}} is down"),
                    query(
                        f"sum by (model) (rate(shadowmon_shadow_retries_total{RATE}))",
                        "{{model}} retries",
                    ),
                    query(
                        f"sum by (model, outcome) (rate(shadowmon_replies_total{RATE})) > 0",
                        "{{model}} {{outcome}}",
                    ),
                ],
                unit=PER_SECOND,
                others=[("/is down/", COUNT)],
            )
        )
        .with_panel(
            lines(
                "How the replies of pairs end",
                "Replies that became part of this trial's pairs, by arm and outcome.",
                [
                    query(
                        "sum by (arm, outcome) "
                        f"(rate(shadowmon_pair_replies_total{{{MINE}}}{RATE}))",
                        "{{arm}} {{outcome}}",
                    )
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Cost",
                "What shadow calls cost, in the currency of the prices, an hour at the "
                "present pace.",
                [
                    query(
                        f"sum by (model) (rate(shadowmon_shadow_cost_total{RATE})) * 3600",
                        "{{model}}",
                    )
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Tokens",
                "Tokens of shadow calls.",
                [
                    query(
                        f"sum by (model, direction) (rate(shadowmon_shadow_tokens_total{RATE}))",
                        "{{model}} {{direction}}",
                    )
                ],
                unit=THINGS_PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Served by the optimized model",
                "Users' requests that it was chosen for, and those of them that the baseline "
                "had to serve.",
                [
                    query(f"sum(rate(shadowmon_proxy_served_total{{{MINE}}}{RATE}))", "chosen"),
                    query(
                        f"sum(rate(shadowmon_proxy_fallbacks_total{{{MINE}}}{RATE}))", "fell back"
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Prompt caches",
                "Pairs by which of the models read the prompt from a cache.",
                [
                    query(
                        "sum by (cached) "
                        f"(rate(shadowmon_prompt_cache_pairs_total{{{MINE}}}{RATE}))",
                        "{{cached}}",
                    )
                ],
                unit=THINGS_PER_SECOND,
            )
        )
    )
