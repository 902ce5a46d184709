"""Row *Inside*: loops, processes, journal and scrapes."""

from __future__ import annotations

from grafana.src.daemon.scope import HERE, RATE
from grafana.src.panels import (
    COUNT,
    RATIO,
    SECONDS,
    THINGS_PER_SECOND,
    lines,
    query,
)
from grafana.src.sdk import dashboard as sdk


def row(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add the row."""
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
                    query(
                        f"process:shadowmon_event_loop_late:ratio_rate5m{{{HERE}}}",
                        "{{process}} late",
                    ),
                ],
                unit=SECONDS,
                others=[("/ late$/", RATIO)],
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
                "Workers",
                "Processes that show signs of life, and those that there should be. "
                "ShadowmonWorkersMissing.",
                [
                    query(
                        f"sum by (process) (shadowmon_workers_alive{{{HERE}}})", "{{process}} alive"
                    ),
                    query(
                        f"sum by (process) (shadowmon_workers_wanted{{{HERE}}})",
                        "{{process}} wanted",
                    ),
                ],
                unit=COUNT,
                dashed=["/.* wanted/"],
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
                unit=THINGS_PER_SECOND,
            )
        )
        .with_panel(
            lines(
                "Metrics left out",
                "Numbers that scrapes do not show (ShadowmonMetricsIncomplete), and lines that the "
                "access log does not have.",
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
                    query(
                        f"sum(increase(shadowmon_proxy_log_lines_dropped_total{{{HERE}}}{RATE}))",
                        "lines of the access log",
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
