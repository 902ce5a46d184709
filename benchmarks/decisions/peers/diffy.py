"""
Diffy: the candidate's differences against those of a second instance of the same code.

A field is shown if its raw differences (candidate against primary) are more than its noise
(secondary against primary), their relative difference |raw - noise| / (raw + noise) is above 20 %
and their absolute difference |raw - noise| / requests is above 0.03 %
(analysis/JoinedDifferences.scala, `DifferencesFilterFactory`; the flags `threshold.relative` and
`threshold.absolute`). There is no sample size in it.
"""

from __future__ import annotations

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions.peers.decided import Flags


RELATIVE_PERCENT = 20.0
ABSOLUTE_PERCENT = 0.03


def is_flagged(
    raw: NDArray[np.int64], noise: NDArray[np.int64], requests: NDArray[np.int64]
) -> Flags:
    """Return whether a field is shown, of counts of differences so far."""
    apart = np.abs(raw - noise)
    # 0 of 0 is not a number there, and not above anything.
    relative = 100 * apart / np.maximum(raw + noise, 1)
    absolute = 100 * apart / requests
    shown: Flags = (raw > noise) & (relative > RELATIVE_PERCENT) & (absolute > ABSOLUTE_PERCENT)
    return shown
