"""Rows *Users* and *Mirror*: what comes in, and what is mirrored of it."""

from __future__ import annotations

from grafana.src.daemon.scope import HERE, RATE
from grafana.src.panels import (
    COUNT,
    PER_SECOND,
    RATIO,
    SECONDS,
    lines,
    query,
)
from grafana.src.sdk import dashboard as sdk


def users(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add row *Users*: what the proxy does for them."""
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
                    query(
                        f"sum(rate(shadowmon_proxy_handshakes_failed_total{{{HERE}}}{RATE}))",
                        "handshakes failed",
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
                        f"instance:shadowmon_users_failed:ratio_rate5m{{{HERE}}}",
                        "share that failed",
                    ),
                ],
                unit=PER_SECOND,
                others=[("/share/", RATIO)],
            )
        )
        .with_panel(
            lines(
                "Ways round failures",
                "Requests that were sent again, or could not be, for too many are kept; and "
                "addresses of a model that were passed over, or rest.",
                [
                    query(
                        f"sum(rate(shadowmon_proxy_upstream_retries_total{{{HERE}}}{RATE}))",
                        "sent again",
                    ),
                    query(
                        f"sum(rate(shadowmon_proxy_not_kept_total{{{HERE}}}{RATE}))",
                        "could not be sent again",
                    ),
                    query(
                        f"sum(rate(shadowmon_proxy_address_detours_total{{{HERE}}}{RATE}))",
                        "went on to a further address",
                    ),
                    query(
                        f"sum(rate(shadowmon_proxy_address_rests_total{{{HERE}}}{RATE}))",
                        "addresses began to rest",
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


def mirror(made: sdk.Dashboard) -> sdk.Dashboard:
    """Add row *Mirror*: what becomes of exchanges."""
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
