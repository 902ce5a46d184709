"""
Grafana's own builders, as we use them.

grafana-foundation-sdk is pinned to 0.0.21: the plain name resolves to another numbering, with the
schema of Grafana 10.1. The classic model of a dashboard is marked deprecated there, which says so
on import; it is the one that Grafana 10 to 13 all read.
"""

from __future__ import annotations

import warnings


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import (
        common,
        dashboard,
        prometheus,
        stat,
        statetimeline,
        table,
        timeseries,
    )
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common as common_model
    from grafana_foundation_sdk.models import dashboard as model
    from grafana_foundation_sdk.models import prometheus as prometheus_model

__all__ = [
    "JSONEncoder",
    "common",
    "common_model",
    "dashboard",
    "model",
    "prometheus",
    "prometheus_model",
    "stat",
    "statetimeline",
    "table",
    "timeseries",
]
