"""Daemon: shadowmon's own health."""

from __future__ import annotations

from grafana.src import boards
from grafana.src.panels import (
    BLUE,
    COUNT,
    PER_SECOND,
    RED,
    SECONDS,
    lines,
    numbers,
    query,
    rows,
)
from grafana.src.sdk import dashboard as sdk


HERE = 'instance=~"$instance"'
RATE = "[$__rate_interval]"


def dashboard() -> sdk.Dashboard:
    """Return it."""
    made = (
        boards.board("daemon", "shadowmon / Daemon", "The health of shadowmon itself.")
        .with_variable(
            boards.variable("instance", "Instance", "label_values(shadowmon_build_info, instance)")
        )
        .annotation(
            boards.annotation(
                "Started",
                f"changes(shadowmon_start_time_seconds{{{HERE}}}[$__rate_interval]) > 0 or "
                f"(time() - shadowmon_start_time_seconds{{{HERE}}} < 60)",
                "{{instance}} started",
                colour=BLUE,
            )
        )
        .annotation(
            boards.annotation(
                "Alert",
                'ALERTS{alertname=~"Shadowmon.+",alertstate="firing"}',
                "{{alertname}}",
                colour=RED,
            )
        )
    )
    return _inside(_scoring(_mirror(_users(_now(made)))))


def _now(made: sdk.Dashboard) -> sdk.Dashboard:
    return (
        made.with_row(sdk.Row("Now"))
        .with_panel(
            numbers(
                "Ready",
                "1 while the daemon can do its work. ShadowmonNotReady.",
                [query(f"min by (instance) (shadowmon_ready{{{HERE}}})", "{{instance}}")],
                unit=COUNT,
                span=5,
            )
        )
        .with_panel(
            numbers(
                "Journal writable",
                "1 while the store can be written. ShadowmonStoreUnwritable.",
                [query(f"min by (instance) (shadowmon_store_writable{{{HERE}}})", "{{instance}}")],
                unit=COUNT,
                span=5,
            )
        )
        .with_panel(
            numbers(
                "Newest tick",
                "Since trials were judged the last time. ShadowmonControlSilent, after 30 s.",
                [
                    query(
                        "time() - max by (instance) "
                        f"(shadowmon_control_last_tick_timestamp_seconds{{{HERE}}})",
                        "{{instance}}",
                    )
                ],
                unit=SECONDS,
                span=5,
                bad_from=30,
            )
        )
        .with_panel(
            rows(
                "Versions and configuration",
                "Which version runs, for how long, and how the newest configuration fared. "
                "ShadowmonConfigReloadFailed.",
                [
                    (
                        "Up (s)",
                        f"time() - max by (instance) (shadowmon_start_time_seconds{{{HERE}}})",
                    ),
                    (
                        "Configuration taken",
                        f"min by (instance) (shadowmon_config_last_reload_successful{{{HERE}}})",
                    ),
                    (
                        "Taken at",
                        (
                            "max by (instance) "
                            f"(shadowmon_config_last_reload_success_timestamp_seconds{{{HERE}}})"
                        ),
                    ),
                    ("Version", f"max by (instance, version) (shadowmon_build_info{{{HERE}}})"),
                ],
                by=["instance", "version"],
                span=9,
                height=5,
            )
        )
    )


def _users(made: sdk.Dashboard) -> sdk.Dashboard:
    answers = (
        f"sum by (le, arm) (rate(shadowmon_user_answer_duration_seconds_bucket{{{HERE}}}{RATE}))"
    )
    return (
        made.with_row(sdk.Row("Users"))
        .with_panel(
            lines(
                "Requests and refusals",
                "What the proxy read, refused and passed through.",
                [
                    query(f"sum(rate(shadowmon_proxy_requests_total{{{HERE}}}{RATE}))", "requests"),
                    query(
                        f"sum(rate(shadowmon_proxy_malformed_total{{{HERE}}}{RATE}))", "malformed"
                    ),
                    query(
                        f"sum(rate(shadowmon_proxy_tunnelled_total{{{HERE}}}{RATE}))", "tunnelled"
                    ),
                    query(
                        f"sum(rate(shadowmon_proxy_connections_refused_total{{{HERE}}}{RATE}))",
                        "connections refused",
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Failures that users meet",
                "Against the objective of 99.9 %. ShadowmonUsersFailFast, "
                "ShadowmonUsersFailSlow, ShadowmonUsersFailTrickle.",
                [
                    query(
                        f"sum(rate(shadowmon_proxy_upstream_failures_total{{{HERE}}}{RATE}))",
                        "502 and 504",
                    ),
                    query(
                        f"sum by (by) (rate(shadowmon_proxy_answers_cut_total{{{HERE}}}{RATE}))",
                        "cut by the {{by}}",
                    ),
                    query(
                        f"sum(rate(shadowmon_proxy_upstream_retries_total{{{HERE}}}{RATE}))",
                        "sent again",
                    ),
                    query(
                        f"instance:shadowmon_users_failed:ratio_rate5m{{{HERE}}}",
                        "share that failed",
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "How long users wait",
                "Median and 99 %, by the model that served them.",
                [
                    query(f"histogram_quantile(0.5, {answers})", "{{arm}} median"),
                    query(f"histogram_quantile(0.99, {answers})", "{{arm}} 99 %"),
                ],
                unit=SECONDS,
            )
        )
        .with_panel(
            lines(
                "Connections",
                "Users' connections that are open.",
                [
                    query(
                        f"sum(shadowmon_proxy_connections_total{{{HERE}}}) - "
                        f"sum(shadowmon_proxy_connections_closed_total{{{HERE}}})",
                        "open",
                    )
                ],
                unit=COUNT,
            )
        )
    )


def _mirror(made: sdk.Dashboard) -> sdk.Dashboard:
    return (
        made.with_row(sdk.Row("Mirror"))
        .with_panel(
            lines(
                "What becomes of exchanges",
                "At each place that they come through. ShadowmonMirrorDropping, "
                "ShadowmonShadowSilent.",
                [
                    query(
                        f"sum by (fate) (rate(shadowmon_events_total{{{HERE}}}{RATE}))",
                        "events {{fate}}",
                    ),
                    query(
                        "sum by (source, fate) "
                        f"(rate(shadowmon_exchanges_total{{{HERE}}}{RATE})) > 0",
                        "{{source}} {{fate}}",
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Queue",
                "Exchanges that wait, may wait, and are being mirrored.",
                [
                    query(f"sum(shadowmon_events_waiting{{{HERE}}})", "events wait"),
                    query(f"sum(shadowmon_mirror_queue_length{{{HERE}}})", "wait"),
                    query(f"sum(shadowmon_mirror_in_flight{{{HERE}}})", "in flight"),
                    query(f"sum(shadowmon_mirror_queue_capacity{{{HERE}}})", "may wait"),
                ],
                unit=COUNT,
                dashed=["/may wait/"],
            )
        )
    )


def _scoring(made: sdk.Dashboard) -> sdk.Dashboard:
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
                "Labels",
                "What became of truths that were told, and of pairs that wait for one.",
                [
                    query(
                        f"sum by (fate) (rate(shadowmon_labels_total{{{HERE}}}{RATE}))", "{{fate}}"
                    )
                ],
                unit=PER_SECOND,
            )
        )
    )


def _inside(made: sdk.Dashboard) -> sdk.Dashboard:
    return (
        made.with_row(sdk.Row("Inside"))
        .with_panel(
            lines(
                "Event loops",
                "99 % of how late they wake up, and the share that is later than a quarter "
                "of a second. ShadowmonEventLoopLag.",
                [
                    query(
                        "histogram_quantile(0.99, sum by (le, process) "
                        f"(rate(shadowmon_event_loop_lag_seconds_bucket{{{HERE}}}{RATE})))",
                        "{{process}} 99 %",
                    ),
                ],
                unit=SECONDS,
            )
        )
        .with_panel(
            lines(
                "Ticks",
                "How long judging all trials takes.",
                [
                    query(
                        f"max by (instance) (shadowmon_control_tick_duration_seconds{{{HERE}}})",
                        "{{instance}}",
                    )
                ],
                unit=SECONDS,
            )
        )
        .with_panel(
            lines(
                "Processes started again",
                "By process. ShadowmonProcessRestarting.",
                [
                    query(
                        "sum by (process) "
                        f"(increase(shadowmon_process_restarts_total{{{HERE}}}{RATE}))",
                        "{{process}}",
                    )
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Journal and commands",
                "Entries that were written, what actuators were told, and messages to people. "
                "ShadowmonTrialFrozen: a bug froze a trial. ShadowmonNotifyFailing: one is "
                "given up.",
                [
                    query(f"sum(rate(shadowmon_journal_entries_total{{{HERE}}}{RATE}))", "entries"),
                    query(
                        "sum by (command, outcome) "
                        f"(rate(shadowmon_commands_total{{{HERE}}}{RATE}))",
                        "{{command}} {{outcome}}",
                    ),
                    query(
                        "sum by (receiver, outcome) "
                        f"(rate(shadowmon_notifications_total{{{HERE}}}{RATE}))",
                        "{{receiver}} {{outcome}}",
                    ),
                    query(
                        f"sum by (trial) (rate(shadowmon_trial_failures_total{{{HERE}}}{RATE}))",
                        "{{trial}} frozen",
                    ),
                ],
                unit=PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Metrics left out",
                "Numbers that scrapes do not show. ShadowmonMetricsIncomplete.",
                [
                    query(
                        f"sum(increase(shadowmon_metrics_label_overflow_total{{{HERE}}}{RATE}))",
                        "too many series",
                    ),
                    query(
                        f"sum(increase(shadowmon_metrics_unknown_samples_total{{{HERE}}}{RATE}))",
                        "of no family",
                    ),
                    query(
                        f"sum(increase(shadowmon_metrics_failures_total{{{HERE}}}{RATE}))",
                        "failures",
                    ),
                ],
                unit=COUNT,
            )
        )
        .with_panel(
            lines(
                "Scrapes",
                "How long a scrape takes, and whether it succeeds.",
                [
                    query(f"max by (instance) (scrape_duration_seconds{{{HERE}}})", "{{instance}}"),
                ],
                unit=SECONDS,
            )
        )
    )
