"""What evidence says, in a sentence that a person can check against the numbers."""

from __future__ import annotations

import math

from shadowmon.records import EVERYTHING, Claim, Contrast, Evidence, Side


_FIGURES = {
    Contrast.MEAN: "a divergence",
    Contrast.RELATIVE_DROP: "a relative drop",
    Contrast.ABSOLUTE_RISE: "an absolute rise",
    Contrast.RELATIVE_RISE: "a relative rise",
    Contrast.ANY_RISE: "any rise",
}


def percent(value: float) -> str:
    """Write a ratio for people: 0.0512 as "5.1 %", -0.0004 as "-0.04 %"."""
    size = abs(value) * 100
    digits = 1 if size >= 1 or size == 0 else 2
    return f"{value * 100:.{digits}f} %"


def share(weight: int) -> str:
    """Write a weight in basis points for people: 100 as "1 %", 2550 as "25.5 %"."""
    return f"{weight / 100:g} %"


def e_value(log_e: float) -> str:
    """Write an e-value given by its natural logarithm: "3.2" or "10^14.1"."""
    small = 6.9
    return f"{math.exp(log_e):.3g}" if log_e < small else f"10^{log_e / math.log(10):.1f}"


def where(claim: Claim) -> str:
    """Name the cell: "correct" or "correct in slice tenant_b"."""
    if claim.slice == EVERYTHING:
        return claim.metric
    return f"{claim.metric} in slice {claim.slice}"


def limit(claim: Claim) -> str:
    """Say what the claim is about: "a relative drop of 5.0 %"."""
    if claim.contrast is Contrast.ANY_RISE:
        return "any rise"
    return f"{_FIGURES[claim.contrast]} of {percent(claim.limit)}"


def measured(evidence: Evidence) -> str:
    """Say what was measured: "0.2 % [-0.4 %, 1.1 %] over 512 pairs"."""
    missing = f", {evidence.missing} missing" if evidence.missing else ""
    pairs = f"over {evidence.count} pairs{missing}"
    if evidence.estimate is None:
        return f"{_without_figure(evidence)} {pairs}"
    band = ""
    if evidence.lower is not None and evidence.upper is not None:
        band = f" [{percent(evidence.lower)}, {percent(evidence.upper)}]"
    return f"{percent(evidence.estimate)}{band} {pairs}"


def _without_figure(evidence: Evidence) -> str:
    """A rate of 0 has no ratio to it: say so, never divide."""
    if evidence.baseline_rate == 0 and evidence.optimized_rate is not None:
        return f"baseline 0 %, optimized {percent(evidence.optimized_rate)} (no ratio to 0)"
    return "no figure yet"


def race(log_e: float, needed: float) -> str:
    """Say how far a claim is proven: "e-value 3.2 of 20 needed"."""
    return f"e-value {e_value(log_e)} of {e_value(needed)} needed"


def tripped(evidence: Evidence, alone: int) -> str:
    """
    Say how often the optimized model alone crossed a tripwire, and how often chance alone would.

    The false-stop probability of a model that is exactly as safe: 1 - (1 - p)^n for the baseline's
    own rate p over n pairs.
    """
    rate = evidence.baseline_rate or 0.0
    by_chance = 1 - (1 - rate) ** evidence.count
    return (
        f"{where(evidence.claim)}: {alone} of {evidence.count} pairs by the optimized model alone; "
        f"a model as safe as the baseline ({percent(rate)}) would have stopped here with "
        f"probability {percent(by_chance)}"
    )


def proven(evidence: Evidence, log_e: float, needed: float) -> str:
    """Say that, or how far, the claim is proven."""
    claim = evidence.claim
    side = "above" if claim.side is Side.WORSE else "below"
    word = "proven" if log_e >= needed else "not proven"
    return (
        f"{where(claim)}: {measured(evidence)}; {side} {limit(claim)} is {word} "
        f"({race(log_e, needed)}){_recent(evidence, log_e, needed)}"
    )


def _recent(evidence: Evidence, log_e: float, needed: float) -> str:
    """A figure over all pairs may lie below a limit that the newest pairs are far above."""
    from_start = evidence.log_e_from_start
    if from_start is None or log_e < needed or from_start >= needed:
        return ""
    return (
        "; a sudden change: proven of the newest pairs, while over all of them together it is not "
        f"(e-value {e_value(from_start)})"
    )
