"""Trial: one optimized model against its baseline, from the funnel to the weight."""

from __future__ import annotations

from grafana.src import boards
from grafana.src.fleet import GRADES, PHASES
from grafana.src.panels import (
    BLUE,
    COUNT,
    ORANGE,
    PER_SECOND,
    RATIO,
    RED,
    SECONDS,
    WIDTH,
    lines,
    numbers,
    query,
    rows,
    states,
    timeline,
)
from grafana.src.sdk import dashboard as sdk


MINE = 'trial="$trial"'
FIGURE = f'{MINE},metric=~"$metric",slice=~"$slice"'


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
                "slice", "Slice", f"label_values(shadowmon_evidence_observations{{{MINE}}}, slice)"
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
    return _models(_funnel(_slices(_race(_evidence(_stage(made))))))


def _stage(made: sdk.Dashboard) -> sdk.Dashboard:
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
                "Phase, grade, and whether a person paused the climb or something blocks it.",
                [query(f"max(shadowmon_rollout_phase_index{{{MINE}}})", "phase")],
                mappings=states(PHASES),
            )
        )
        .with_panel(
            timeline(
                "What is proven",
                "The grade of the loss. ShadowmonDegraded, ShadowmonRedLineBreached.",
                [query(f"max(shadowmon_verdict_grade_index{{{MINE}}})", "grade")],
                mappings=states(GRADES),
            )
        )
    )


def _evidence(made: sdk.Dashboard) -> sdk.Dashboard:
    named = "{{metric}} {{slice}}"
    return (
        made.with_row(sdk.Row("Evidence"))
        .with_panel(
            lines(
                "Figures with their intervals and limits",
                "Each metric's estimate in its confidence sequence, against what a climb "
                "asks and against its red line. "
                "Metrics that end in _floor are the baseline against itself; those in "
                "_excess go beyond that.",
                [
                    query(f"shadowmon_evidence_estimate{{{FIGURE}}}", f"{named} estimate"),
                    query(f"shadowmon_evidence_lower{{{FIGURE}}}", f"{named} lower"),
                    query(f"shadowmon_evidence_upper{{{FIGURE}}}", f"{named} upper"),
                    query(f"shadowmon_evidence_acceptable{{{FIGURE}}}", f"{named} acceptable"),
                    query(f"shadowmon_evidence_red_line{{{FIGURE}}}", f"{named} red line"),
                ],
                unit=RATIO,
                span=WIDTH,
                height=11,
                bands=[("/.* upper/", "/.* lower/")],
                dashed=["/.* (acceptable|red line)/"],
            )
        )
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


def _race(made: sdk.Dashboard) -> sdk.Dashboard:
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


def _slices(made: sdk.Dashboard) -> sdk.Dashboard:
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


def _funnel(made: sdk.Dashboard) -> sdk.Dashboard:
    rate = "[$__rate_interval]"
    return (
        made.with_row(sdk.Row("Funnel"))
        .with_panel(
            lines(
                "From the user to the pair",
                "Requests that came as far as each stage, or fell out there; all trials "
                "together. ShadowmonMirrorDropping.",
                [query(f"sum by (stage) (rate(shadowmon_funnel_total{rate}))", "{{stage}}")],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "What became of this trial's exchanges",
                "Each exchange of the trial's route has one fate.",
                [
                    query(
                        f"sum by (fate) (rate(shadowmon_trial_exchanges_total{{{MINE}}}{rate}))",
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
                        f"sum by (reason) (rate(shadowmon_skipped_total{rate}))",
                        "must not be mirrored {{reason}}",
                    ),
                    query(
                        f"sum by (reason) (rate(shadowmon_unpaired_total{{{MINE}}}{rate}))",
                        "unpaired {{reason}}",
                    ),
                    query(
                        f"sum by (reason) (rate(shadowmon_unscorable_total{{{MINE}}}{rate}))",
                        "unscorable {{reason}}",
                    ),
                    query(
                        f"sum by (reason) (rate(shadowmon_budgeted_out_total{{{MINE}}}{rate}))",
                        "no budget {{reason}}",
                    ),
                    query(
                        f"sum(rate(shadowmon_pairs_set_aside_total{{{MINE}}}{rate}))", "set aside"
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
                        f"(rate(shadowmon_assessments_total{{{MINE}}}{rate}))",
                        "assessed {{metric}}: {{outcome}}",
                    ),
                    query(
                        f"sum by (scorer) (rate(shadowmon_scorer_failures_total{rate}))",
                        "{{scorer}} failed",
                    ),
                    query(
                        f"sum by (metric) (rate(shadowmon_observations_total{{{MINE}}}{rate}))",
                        "{{metric}}",
                    ),
                ],
                unit=PER_SECOND,
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
                "Users that met each model, what the weight says, and how far a mismatch is "
                "proven. ShadowmonSampleRatioMismatch.",
                [
                    query(
                        f"sum by (arm) (rate(shadowmon_sample_ratio_users_total{{{MINE}}}{rate}))",
                        "{{arm}}",
                    ),
                    query(
                        f"sum(rate(shadowmon_sample_ratio_expected_total{{{MINE}}}{rate}))",
                        "optimized, expected",
                    ),
                ],
                unit=PER_SECOND,
                dashed=["/.*expected/"],
            )
        )
    )


def _models(made: sdk.Dashboard) -> sdk.Dashboard:
    rate = "[$__rate_interval]"
    durations = f"sum by (le, model) (rate(shadowmon_reply_duration_seconds_bucket{rate}))"
    first = f"sum by (le, model) (rate(shadowmon_reply_first_byte_seconds_bucket{rate}))"
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
                        f"sum by (model) (rate(shadowmon_shadow_retries_total{rate}))",
                        "{{model}} retries",
                    ),
                    query(
                        f"sum by (model, outcome) (rate(shadowmon_replies_total{rate})) > 0",
                        "{{model}} {{outcome}}",
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "How the replies of pairs end",
                "Replies that became part of this trial's pairs, by arm and outcome.",
                [
                    query(
                        "sum by (arm, outcome) "
                        f"(rate(shadowmon_pair_replies_total{{{MINE}}}{rate}))",
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
                        f"sum by (model) (rate(shadowmon_shadow_cost_total{rate})) * 3600",
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
                        f"sum by (model, direction) (rate(shadowmon_shadow_tokens_total{rate}))",
                        "{{model}} {{direction}}",
                    )
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Served by the optimized model",
                "Users' requests that it was chosen for, and those of them that the baseline "
                "had to serve.",
                [
                    query(f"sum(rate(shadowmon_proxy_served_total{{{MINE}}}{rate}))", "chosen"),
                    query(
                        f"sum(rate(shadowmon_proxy_fallbacks_total{{{MINE}}}{rate}))", "fell back"
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
                        f"(rate(shadowmon_prompt_cache_pairs_total{{{MINE}}}{rate}))",
                        "{{cached}}",
                    )
                ],
                unit=PER_SECOND,
            )
        )
    )
