"""
How many pairs are still needed, as the metrics forecast it.

Rule: a forecast is kept for as long as it is asked for again: what the trials of the last scrape
do not have is forgotten, so that nothing of a trial outlives it here.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from shadowmon.evidence import outcomes
from shadowmon.evidence.knots import KNOTS
from shadowmon.evidence.needed import pairs_still_needed
from shadowmon.records import Claim, Evidence, Metric, MetricKind, Side, TrialId
from shadowmon.view import RuleView


_Key: TypeAlias = tuple[TrialId, str, Claim]
_Asked: TypeAlias = tuple[Evidence, float, Metric]


class Forecast(Protocol):
    """How many more pairs prove a claim; None: out of sight (evidence/needed.py)."""

    def __call__(
        self, evidence: Evidence, log_e_needed: float, *, metric: Metric | None
    ) -> int | None:
        """Make one."""
        ...


class Outlook:
    """Forecasts of one scrape after the other; most claims are as they were a scrape before."""

    def __init__(self, forecast: Forecast = pairs_still_needed) -> None:
        self._forecast = forecast
        self._before: dict[_Key, tuple[_Asked, int | None]] = {}
        self._now: dict[_Key, tuple[_Asked, int | None]] = {}

    def begin(self) -> None:
        """Begin a scrape: what the one before it did not ask for is forgotten."""
        self._before, self._now = self._now, {}

    def pairs_needed(self, trial: TrialId, rule: RuleView, metric: Metric | None) -> int | None:
        """
        Forecast the pairs that a climb's claim still needs (evidence/needed.py).

        It takes bets as they are laid by default.

        Args:
            trial: Whose claim it is.
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
        key, asked = (trial, rule.rule, evidence.claim), (evidence, rule.log_e_needed, metric)
        known = self._before.get(key)
        if known is None or known[0] != asked:
            known = asked, self._forecast(evidence, rule.log_e_needed, metric=metric)
        self._now[key] = known
        return known[1]


def _places(metric: Metric) -> int:
    """Return how many counts evidence at one sampling rate has."""
    is_scores = metric.kind is MetricKind.SCORES
    return KNOTS + 1 if is_scores else outcomes.places(metric)
