"""Row *Funnel*: from the user to the pair, and what is lost on the way."""

from __future__ import annotations

from grafana.src.panels import COUNT, PER_SECOND, THINGS_PER_SECOND, lines, query
from grafana.src.sdk import dashboard as sdk
from grafana.src.trial.scope import MINE, RATE


def row(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add the row."""
    return (
        made.with_row(sdk.Row("Funnel"))
        .with_panel(
            lines(
                "From the user to the pair",
                "Requests that came as far as each stage, or fell out there; all trials "
                "together. ShadowmonMirrorDropping.",
                [query(f"sum by (stage) (rate(shadowmon_funnel_total{RATE}))", "{{stage}}")],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "What became of this trial's exchanges",
                "Each exchange of the trial's route has one fate.",
                [
                    query(
                        f"sum by (fate) (rate(shadowmon_trial_exchanges_total{{{MINE}}}{RATE}))",
                        "{{fate}}",
                    )
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Lost before the score",
                "Exchanges without a pair, and pairs without a score, by why. "
                "ShadowmonShadowSilent, ShadowmonScoringFailing.",
                [
                    query(
                        f"sum by (reason) (rate(shadowmon_skipped_total{RATE}))",
                        "must not be mirrored {{reason}}",
                    ),
                    query(
                        f"sum by (reason) (rate(shadowmon_unpaired_total{{{MINE}}}{RATE}))",
                        "unpaired {{reason}}",
                    ),
                    query(
                        f"sum by (reason) (rate(shadowmon_unscorable_total{{{MINE}}}{RATE}))",
                        "unscorable {{reason}}",
                    ),
                    query(
                        f"sum by (reason) (rate(shadowmon_budgeted_out_total{{{MINE}}}{RATE}))",
                        "no budget {{reason}}",
                    ),
                    query(
                        f"sum(rate(shadowmon_pairs_set_aside_total{{{MINE}}}{RATE}))", "set aside"
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Observations",
                "What scorers and assessors found of this trial's pairs, and where scorers failed.",
                [
                    query(
                        "sum by (metric, outcome) "
                        f"(rate(shadowmon_assessments_total{{{MINE}}}{RATE}))",
                        "assessed {{metric}}: {{outcome}}",
                    ),
                    query(
                        f"sum by (scorer) (rate(shadowmon_scorer_failures_total{RATE}))",
                        "{{scorer}} failed",
                    ),
                    query(
                        f"sum by (metric) (rate(shadowmon_observations_total{{{MINE}}}{RATE}))",
                        "{{metric}}",
                    ),
                ],
                unit=THINGS_PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Drops against length and hour",
                "Share dropped where most are dropped, over the share of all; 1 is even. "
                "ShadowmonCoverageBiased.",
                [
                    query("shadowmon_drop_skew_ratio", "by {{by}}"),
                    query(
                        "sum by (up_to) "
                        '(rate(shadowmon_sampled_by_length_total{fate="dropped"}[$__rate_interval]))',
                        "dropped a second, up to {{up_to}} bytes",
                    ),
                    query(
                        "sum by (hour) "
                        '(rate(shadowmon_sampled_by_hour_total{fate="dropped"}[$__rate_interval]))',
                        "dropped a second, hour {{hour}}",
                    ),
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Split of users",
                "Users that met each model, and what the weight says. That they differ is proven "
                "at 1 on the right. ShadowmonSampleRatioMismatch.",
                [
                    query(
                        f"sum by (arm) (rate(shadowmon_sample_ratio_users_total{{{MINE}}}{RATE}))",
                        "{{arm}}",
                    ),
                    query(
                        f"sum(rate(shadowmon_sample_ratio_expected_total{{{MINE}}}{RATE}))",
                        "optimized, expected",
                    ),
                    query(
                        f"max(shadowmon_sample_ratio_log_e_value{{{MINE}}}) "
                        f"/ max(shadowmon_sample_ratio_log_e_needed{{{MINE}}})",
                        "way to the proof of a mismatch",
                    ),
                ],
                unit=THINGS_PER_SECOND,
                dashed=["/.*expected/"],
                others=[("/proof/", COUNT)],
            )
        )
    )
