"""How many pairs are still needed, as the metrics forecast it."""

from __future__ import annotations

from functools import lru_cache

from shadowmon.evidence import outcomes
from shadowmon.evidence.knots import KNOTS
from shadowmon.evidence.needed import pairs_still_needed
from shadowmon.records import Evidence, Metric, MetricKind, Side
from shadowmon.view import RuleView


def pairs_needed(rule: RuleView, metric: Metric | None) -> int | None:
    """
    Forecast the pairs that a climb's claim still needs (evidence/needed.py).

    It takes bets as they are laid by default.

    Args:
        rule: With its evidence.
        metric: What the claim is about; None if it is not known.

    Returns:
        None for a rule of no climb, for what is out of sight, and where slices are sampled at
        several rates: there the picture does not say how the bets were laid.

    """
    evidence = rule.evidence
    if metric is None or evidence.claim.side is not Side.BETTER:
        return None
    if len(evidence.counts) != _places(metric):
        return None
    return _forecast(evidence, rule.log_e_needed, metric)


def _places(metric: Metric) -> int:
    """Return how many counts evidence at one sampling rate has."""
    is_scores = metric.kind is MetricKind.SCORES
    return KNOTS + 1 if is_scores else outcomes.places(metric)


@lru_cache(maxsize=1024)
def _forecast(evidence: Evidence, log_e_needed: float, metric: Metric) -> int | None:
    """Forecast once: most claims are as they were a scrape before."""
    return pairs_still_needed(evidence, log_e_needed, metric=metric)
