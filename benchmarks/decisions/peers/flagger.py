"""
Flagger: passed checks go on, failed checks are counted, and the count is never set back.

At every interval the metric of the canary alone is held against `thresholdRange`. A failed check
adds one to `failedChecks`; once there are `analysis.threshold` of them the canary is rolled back. A
passed one adds one to `iterations`; once there are `analysis.iterations` of them it is promoted.
`failedChecks` begins at 0 with a new revision and is not set back by a pass. So an analysis is a
race between passes and failures (docs/gitbook/usage/how-it-works.md; pkg/controller/scheduler.go,
`advanceCanary`).
"""

from __future__ import annotations

import numpy as np

from benchmarks.decisions.peers.decided import Decided, Flags, Times, in_requests, nth
from benchmarks.decisions.table import NEVER


ITERATIONS = 10
THRESHOLD = 10


def race(
    passes: Flags,
    *,
    iterations: int = ITERATIONS,
    threshold: int = THRESHOLD,
    requests_per_check: int,
) -> Decided:
    """Return who won: `passes` says of each stream and interval whether the check passed."""
    return Decided(
        promoted=in_requests(nth(passes, iterations), requests_per_check),
        taken=in_requests(nth(~passes, threshold), requests_per_check),
    )


def failure_counter(passes: Flags, *, threshold: int = THRESHOLD, requests_per_check: int) -> Times:
    """Return when an analysis that goes on without end is rolled back."""
    failed = in_requests(nth(~passes, threshold), requests_per_check)
    return np.minimum(failed, NEVER)
