"""
Argo Rollouts: so many measurements, of which so many may fail.

A metric is Failed as soon as its failed measurements are more than `failureLimit` (0 by default),
and Successful once `count` measurements are taken without that (docs/features/analysis.md;
analysis/analysis.go, `assessMetricStatus`). A failed analysis aborts the rollout.
"""

from __future__ import annotations

import numpy as np

from benchmarks.decisions.peers.decided import Decided, Flags, in_requests, nth
from benchmarks.decisions.table import NEVER


def analysis(
    passes: Flags, *, count: int = 10, failure_limit: int = 0, requests_per_check: int
) -> Decided:
    """Return how each stream's analysis ended; `passes` as of each stream and measurement."""
    measured = passes[:, :count]
    failed = nth(~measured, failure_limit + 1)
    done = np.where(failed < NEVER, NEVER, count)
    return Decided(
        promoted=in_requests(done, requests_per_check),
        taken=in_requests(failed, requests_per_check),
    )
