"""
How many pairs until a claim is proven, if things go on as they have?

For people to look at; no rule decides by it. The places are taken to be hit as often as they were
hit so far, which makes the forecast jumpy while few pairs are in. It also is more hopeful than luck
will be: half of all streams need more.
"""

from __future__ import annotations

import math

from collections.abc import Sequence

from shadowmon.evidence.eprocess import bet_as_set, log_sum_exp
from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import Evidence, Metric


IN_SIGHT_PAIRS = 1_000_000_000

_DEFAULTS = EvidenceSettings()


def pairs_still_needed(
    evidence: Evidence,
    log_e_needed: float,
    *,
    metric: Metric | None = None,
    rates: Sequence[int] = ALL_SAMPLED,
    settings: EvidenceSettings = _DEFAULTS,
) -> int | None:
    """
    Forecast how many more pairs prove a claim.

    Args:
        evidence: As it stands.
        log_e_needed: Natural logarithm of the e-value that proves the claim.
        metric: What the claim is about. None stands for verdicts, or a divergence in [0, 1].
        rates: All sampling rates that the bets were laid for.
        settings: Those that the bets were laid by.

    Returns:
        0 if it is proven. None if it is not in sight: nothing was measured yet, or every bet on the
        claim is losing.

    """
    if evidence.log_e_value >= log_e_needed:
        return 0
    seen = evidence.count + evidence.missing
    if not seen:
        return None
    process = bet_as_set(evidence.claim, settings, metric=metric, rates=rates)
    drift = process.log_wealth(evidence.counts) / seen

    def after(pairs: int) -> float:
        return float(log_sum_exp(pairs * drift + process.log_shares))

    # A restart chain knows more, or less, than the bets from the start: keep that distance.
    goal = after(seen) + (log_e_needed - evidence.log_e_value)
    best = int(drift.argmax())
    if drift[best] <= 0:
        return None
    enough = math.ceil(float((goal - process.log_shares[best]) / drift[best]))
    if enough > IN_SIGHT_PAIRS:
        return None
    few, enough = seen, max(enough, seen + 1)
    while enough - few > 1:  # log-sum-exp is convex: it crosses the goal once from below
        middle = (few + enough) // 2
        few, enough = (few, middle) if after(middle) >= goal else (middle, enough)
    return enough - seen
