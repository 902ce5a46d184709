"""
Was an answer slower than the baseline's slowest part was before? Pure.

Held to an absolute rise of 0 it is a limit on a quantile of the latency (evidence/quantile.py).
What a user got and what was called in the shadow are timed in different processes: the metric is
for models whose latency is far above a millisecond.
"""

from __future__ import annotations

from shadowmon.records import Metric, MetricKind, MetricName, Scope


SLOW = Metric(
    name=MetricName("slow"),
    kind=MetricKind.VERDICTS,
    scope=Scope.STAGE,
    sentence="The answer took longer than a quantile of the baseline's before (the optimized model "
    "may take longer by the tolerated rise).",
)
