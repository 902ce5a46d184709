"""Row *Now*: whether it can do its work."""

from __future__ import annotations

from grafana.src.daemon.scope import HERE
from grafana.src.panels import (
    COUNT,
    NO_OR_YES,
    SECONDS,
    numbers,
    query,
    rows,
)
from grafana.src.sdk import dashboard as sdk


def row(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add the row."""
    return (
        made.with_row(sdk.Row("Now"))
        .with_panel(
            numbers(
                "Ready",
                "Can the daemon do its work? ShadowmonNotReady.",
                [query(f"min by (instance) (shadowmon_ready{{{HERE}}})", "{{instance}}")],
                unit=COUNT,
                span=5,
                mappings=NO_OR_YES,
            )
        )
        .with_panel(
            numbers(
                "Journal writable",
                "Can the store be written? ShadowmonStoreUnwritable.",
                [query(f"min by (instance) (shadowmon_store_writable{{{HERE}}})", "{{instance}}")],
                unit=COUNT,
                span=5,
                mappings=NO_OR_YES,
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
                "Which version runs, for how long, whether the newest configuration was taken (1), "
                "and how long ago one was. ShadowmonConfigReloadFailed.",
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
                        "Taken (s ago)",
                        (
                            "time() - max by (instance) "
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
