"""The whole dashboard of a daemon."""

from __future__ import annotations

from grafana.src import boards
from grafana.src.daemon import inside, now, scoring, traffic
from grafana.src.daemon.scope import HERE
from grafana.src.panels import BLUE, RED
from grafana.src.sdk import dashboard as sdk


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
    made = traffic.mirror(traffic.users(now.row(made)))
    return inside.row(scoring.row(made))
