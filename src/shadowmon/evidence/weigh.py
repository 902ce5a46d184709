"""
Accounts -> Evidence: every claim of a trial weighed at one moment.

The slow half of the evidence, and it is central: one decider weighs the sum of all replicas'
accounts (two that decided independently would double the error rate). What it must remember between
two looks is only the restart chains; all else is read off the accounts each time.

Rule 1: the same accounts and the same memory give the same evidence.
Rule 2: a limit that was chosen after the evidence began may be shown and must not decide.
"""

from __future__ import annotations

import json

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from shadowmon.evidence import gains, outcomes, restart
from shadowmon.evidence.bets import assumed_noise
from shadowmon.evidence.confseq import Interval, interval
from shadowmon.evidence.eprocess import EProcess, bet_on
from shadowmon.evidence.restart import Chain
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import (
    Claim,
    Contrast,
    Counts,
    Evidence,
    Metric,
    MetricKind,
    MetricName,
    Side,
    SliceName,
)


Memory: TypeAlias = Mapping[str, Any]
"""What must be kept between two looks, as JSON. Floats survive the round trip exactly."""

_CHAINS = "chains"


class Scales:
    """Weighs the claims of one trial."""

    def __init__(
        self,
        *,
        metrics: Mapping[MetricName, Metric],
        settings: EvidenceSettings,
        claims: Sequence[Claim],
        chained: Collection[Claim],
    ) -> None:
        """
        Lay the bets on every claim.

        Args:
            metrics: Those that the claims are about, by name.
            settings: How the bets are laid.
            claims: All that will be weighed.
            chained: Those of them that must notice a sudden change too (restart.py).

        Raises:
            ValueError: If a claim cannot be proven of its metric, or a chained one is not among the
                claims, or is about being better.

        """
        self._settings = settings
        self._chained = frozenset(chained)
        _check(metrics, claims, self._chained)
        self._kinds = {claim: metrics[claim.metric].kind for claim in claims}
        self._processes = {
            claim: bet_on(claim, assumed_noise=assumed_noise(claim, settings))
            for claim in self._kinds
        }
        # An interval costs far more than an e-value, and belongs to all claims about its figure.
        self._intervals: dict[tuple[MetricName, SliceName, Contrast], tuple[Counts, Interval]] = {}

    def weigh(
        self, counts: Mapping[Claim, Counts], memory: Memory
    ) -> tuple[dict[Claim, Evidence], Memory]:
        """
        Weigh every claim.

        Args:
            counts: The whole account of each claim's metric and slice. A claim without one has
                nothing for it and nothing against it.
            memory: What the last look returned; empty at the first, or if it was lost. Accounts
                that shrank since then (a replica's state was lost) restart the chain.

        Returns:
            The evidence for every claim, and the memory for the next look.

        Raises:
            ValueError: If there is an account for a claim that is not weighed here, or it has not
                the number of places of its metric's kind.

        """
        self._check_accounts(counts)
        chains: dict[str, Any] = {}
        remembered: Mapping[str, Any] = memory.get(_CHAINS, {})
        evidence = {}
        for claim, kind in self._kinds.items():
            account = counts.get(claim, (0,) * outcomes.places(kind))
            log_e = self.recompute(claim, account) if any(account) else 0.0
            if claim in self._chained:
                key = _key(claim)
                chain = self._advance(claim, account, remembered.get(key))
                chains[key] = restart.to_json(chain)
                log_e = restart.log_e_value(log_e, chain) if any(account) else log_e
            evidence[claim] = self._evidence(claim, account, log_e)
        return evidence, {_CHAINS: chains}

    def _check_accounts(self, counts: Mapping[Claim, Counts]) -> None:
        for claim, account in counts.items():
            kind = self._kinds.get(claim)
            if kind is None:
                message = f"an account for {claim}, which is not weighed here"
                raise ValueError(message)
            if len(account) != outcomes.places(kind):
                message = (
                    f"{claim}: an account of {len(account)} places, a {kind} metric has "
                    f"{outcomes.places(kind)}"
                )
                raise ValueError(message)

    def _advance(self, claim: Claim, account: Counts, state: Mapping[str, Any] | None) -> Chain:
        kind = self._kinds[claim]
        return restart.advance(
            None if state is None else restart.from_json(state),
            self._processes[claim],
            account,
            pairs=outcomes.pairs(kind, account) + outcomes.missing(kind, account),
            restart_pairs=self._settings.restart_pairs,
        )

    def _evidence(self, claim: Claim, account: Counts, log_e: float) -> Evidence:
        kind = self._kinds[claim]
        baseline_rate, optimized_rate = outcomes.rates(kind, account)
        lower, upper = self._interval(claim, account)
        return Evidence(
            claim=claim,
            kind=kind,
            log_e_value=log_e,
            count=outcomes.pairs(kind, account),
            missing=outcomes.missing(kind, account),
            baseline_rate=baseline_rate,
            optimized_rate=optimized_rate,
            estimate=outcomes.estimate(kind, claim.contrast, account),
            lower=lower,
            upper=upper,
            counts=account,
        )

    def _interval(self, claim: Claim, account: Counts) -> Interval:
        figure = (claim.metric, claim.slice, claim.contrast)
        last = self._intervals.get(figure)
        if last is None or last[0] != account:
            ends = interval(claim.contrast, account, alpha=self._settings.alpha_interval)
            last = self._intervals[figure] = (account, ends)
        return last[1]

    # --- For whoever computes it again ---

    def recompute(self, claim: Claim, counts: Counts) -> float:
        """Return the logarithm of the e-value whose bets all began with the first pair."""
        process = self._process(claim)
        return float(process.log_e_value(process.log_wealth(counts)))

    def describe(self, claim: Claim) -> Mapping[str, Any]:
        """Return the bets on a claim as JSON, and the formula, to compute the e-value by hand."""
        process, kind = self._process(claim), self._kinds[claim]
        won = gains.gains(claim.contrast, claim.limit, claim.side)
        return {
            "formula": _FORMULA,
            "gains": won.tolist(),
            "units": [outcomes.units(kind)] * (len(won) - 1) + [1],
            "places": _PLACES[kind],
            "bets": process.bets.sizes.tolist(),
            "shares": process.bets.shares.tolist(),
            "restart_pairs": self._settings.restart_pairs if claim in self._chained else None,
        }

    def _process(self, claim: Claim) -> EProcess:
        process = self._processes.get(claim)
        if process is None:
            message = f"{claim} is not weighed here"
            raise ValueError(message)
        return process


_FORMULA = (
    "e = sum over bets of share * product over places of (1 + bet * gain) ** (count / unit); "
    "with restart_pairs, half of this and half of the same for fresh beginnings"
)

_PLACES = {
    MetricKind.VERDICTS: ["both no", "optimized only", "baseline only", "both yes", "missing"],
    MetricKind.DIVERGENCE: [f"{knot}/128" for knot in range(outcomes.KNOTS)] + ["missing"],
}


def _key(claim: Claim) -> str:
    return json.dumps([claim.metric, claim.slice, claim.contrast, claim.limit, claim.side])


def _check(
    metrics: Mapping[MetricName, Metric], claims: Iterable[Claim], chained: Collection[Claim]
) -> None:
    claims = set(claims)
    for claim in claims:
        if claim.metric not in metrics:
            known = ", ".join(sorted(metrics)) or "none"
            message = f"claim on metric {claim.metric!r}: no such metric, there are: {known}"
            raise ValueError(message)
        gains.check(claim, metrics[claim.metric])
    for claim in chained:
        if claim not in claims:
            message = f"{claim} is chained, but not among the claims"
            raise ValueError(message)
        if claim.side is Side.BETTER:
            message = f"{claim}: restarts could prove it on a lucky stretch; allowed is side worse"
            raise ValueError(message)
