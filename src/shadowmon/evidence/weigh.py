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
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from shadowmon.evidence import alarm, by_hand, gains, outcomes, restart, sampling
from shadowmon.evidence.alarm import Alarm
from shadowmon.evidence.confseq import Interval, interval
from shadowmon.evidence.eprocess import EProcess, bet_as_set
from shadowmon.evidence.restart import Chain
from shadowmon.evidence.sampling import ALL_SAMPLED, Accounts
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.variance_ratio import exponent
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Counts,
    Evidence,
    Metric,
    MetricName,
    Side,
    SliceName,
)


Memory: TypeAlias = Mapping[str, Any]
"""What must be kept between two looks, as JSON. Floats survive the round trip exactly."""

_CHAINS = "chains"
_WATCHES = "watches"
_RATIOS = "variance_ratios"
_INDEPENDENT: Mapping[MetricName, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """All that the evidence for a claim depends on."""

    accounts: Accounts
    power: float
    chain: Mapping[str, Any] | None
    watch: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The evidence, and what is to be remembered of a chained claim."""

    evidence: Evidence
    chain: Mapping[str, Any] | None
    watch: Mapping[str, Any] | None


class Scales:
    """Weighs the claims of one trial."""

    def __init__(
        self,
        *,
        metrics: Mapping[MetricName, Metric],
        settings: EvidenceSettings,
        claims: Sequence[Claim],
        chained: Collection[Claim],
        rates: Sequence[int] = ALL_SAMPLED,
    ) -> None:
        """
        Lay the bets on every claim.

        Args:
            metrics: Those that the claims are about, by name.
            settings: How the bets are laid.
            claims: All that will be weighed.
            chained: Those of them that must notice a sudden change too (restart.py).
            rates: All sampling rates that may occur, in basis points (sampling.py).

        Raises:
            ValueError: If a claim cannot be proven of its metric, or a chained one is not among the
                claims, or is about being better, or a rate is no probability.

        """
        self._settings = settings
        self._chained = frozenset(chained)
        _check(metrics, claims, self._chained)
        self._rates = sampling.in_order(rates)
        self._metrics = {claim: metrics[claim.metric] for claim in claims}
        self._processes = self._lay(claims)
        # An interval costs far more than an e-value, and belongs to all claims about its figure.
        self._intervals: dict[
            tuple[MetricName, SliceName, Contrast], tuple[Accounts, Interval]
        ] = {}
        self._descriptions: dict[Claim, Mapping[str, Any]] = {}
        self._keys = {claim: _key(claim) for claim in claims}
        # A claim whose pairs did not become more since the last look need not be weighed again.
        self._last: dict[Claim, tuple[_Asked, _Found]] = {}

    def _lay(self, claims: Iterable[Claim]) -> dict[Claim, EProcess]:
        # Bets do not depend on the slice, and are dear to lay.
        by_question: dict[Claim, EProcess] = {}
        processes = {}
        for claim in claims:
            question = replace(claim, slice=EVERYTHING)
            process = by_question.get(question)
            if process is None:
                process = by_question[question] = bet_as_set(
                    claim, self._settings, metric=self._metrics[claim], rates=self._rates
                )
            processes[claim] = process
        return processes

    def weigh(
        self,
        counts: Mapping[Claim, Accounts],
        memory: Memory,
        *,
        variance_ratios: Mapping[MetricName, float] = _INDEPENDENT,
    ) -> tuple[dict[Claim, Evidence], Memory]:
        """
        Weigh every claim.

        Args:
            counts: The whole accounts of each claim's metric and slice, by sampling rate. A claim
                without one has nothing for it and nothing against it.
            memory: What the last look returned; empty at the first, or if it was lost. Accounts
                that shrank since then (a replica's state was lost) restart the chain.
            variance_ratios: Of metrics whose pairs go together, by how much the evidence is to be
                tempered (variance_ratio.py).

        Returns:
            The evidence for every claim, and the memory for the next look.

        Raises:
            ValueError: If there is an account for a claim that is not weighed here, or at a rate
                that was not foreseen, or it has not the number of places of its metric.

        """
        self._check_accounts(counts)
        chains: dict[str, Any] = {}
        watches: dict[str, Any] = {}
        remembered: Mapping[str, Any] = memory.get(_CHAINS, {})
        watched: Mapping[str, Any] = memory.get(_WATCHES, {})
        evidence = {}
        for claim, key in self._keys.items():
            asked = _Asked(
                accounts=counts.get(claim, {}),
                power=exponent(variance_ratios.get(claim.metric)),
                chain=remembered.get(key),
                watch=watched.get(key),
            )
            last = self._last.get(claim)
            if last is None or last[0] != asked:
                last = self._last[claim] = (asked, self._weighed(claim, asked))
            found = last[1]
            evidence[claim] = found.evidence
            if found.chain is not None:
                chains[key], watches[key] = found.chain, found.watch
        memory = {_CHAINS: chains, _WATCHES: watches}
        return evidence, memory | ({_RATIOS: dict(variance_ratios)} if variance_ratios else {})

    def _weighed(self, claim: Claim, asked: _Asked) -> _Found:
        accounts, power = asked.accounts, asked.power
        row = self._row(claim, accounts)
        log_e = from_start = self.recompute(claim, row, power) if any(row) else 0.0
        chain = watch = None
        if claim in self._chained:
            pairs = sum(self._seen(claim, accounts))
            advanced = self._advance(claim, row, pairs, _read(asked.chain), power)
            chain = restart.to_json(advanced)
            watch = restart.to_json(self._watch(claim, row, pairs, _read(asked.watch), power))
            log_e = restart.log_e_value(log_e, advanced) if any(row) else log_e
        evidence = replace(self._evidence(claim, accounts, row, log_e), log_e_from_start=from_start)
        return _Found(evidence=evidence, chain=chain, watch=watch)

    def alarms(self, memory: Memory) -> dict[Claim, Alarm]:
        """
        Return for every chained claim how near it is to calling a person (alarm.py).

        Args:
            memory: What the last look returned; without it there is no alarm.

        """
        watches: Mapping[str, Any] = memory.get(_WATCHES, {})
        settings = self._settings
        return {
            claim: alarm.read(chain, settings.restart_pairs, settings.alarm_pairs)
            for claim in self._metrics
            if claim in self._chained and (chain := _read(watches.get(self._keys[claim])))
        }

    def _check_accounts(self, counts: Mapping[Claim, Accounts]) -> None:
        for claim, accounts in counts.items():
            metric = self._metrics.get(claim)
            if metric is None:
                message = f"an account for {claim}, which is not weighed here"
                raise ValueError(message)
            sampling.check(accounts, self._rates)
            for account in accounts.values():
                if len(account) != outcomes.places(metric):
                    message = (
                        f"{claim}: an account of {len(account)} places, a {metric.kind} metric has "
                        f"{outcomes.places(metric)}"
                    )
                    raise ValueError(message)

    def _row(self, claim: Claim, accounts: Accounts) -> Counts:
        """Return what a claim bets on, at all rates, in the order of its process."""
        metric = self._metrics[claim]
        parts = {
            rate: outcomes.part(metric, claim.contrast, claim.limit, account)
            for rate, account in accounts.items()
        }
        process = self._processes[claim]
        places = len(process.log_factors) // len(self._rates)
        return sampling.one_after_the_other(parts, self._rates, places=places)

    def _advance(
        self, claim: Claim, row: Counts, pairs: int, chain: Chain | None, power: float
    ) -> Chain:
        return restart.advance(
            chain,
            self._processes[claim],
            row,
            pairs=pairs,
            restart_pairs=self._settings.restart_pairs,
            exponent=power,
        )

    def _watch(
        self, claim: Claim, row: Counts, pairs: int, chain: Chain | None, power: float
    ) -> Chain:
        return alarm.advance(
            chain,
            self._processes[claim],
            row,
            pairs=pairs,
            restart_pairs=self._settings.restart_pairs,
            alarm_pairs=self._settings.alarm_pairs,
            exponent=power,
        )

    def _seen(self, claim: Claim, accounts: Accounts) -> tuple[int, int]:
        """Return how many pairs were measured and how many are missing, at all rates."""
        metric = self._metrics[claim]
        return (
            sum(outcomes.pairs(metric, account) for account in accounts.values()),
            sum(outcomes.missing(metric, account) for account in accounts.values()),
        )

    def _evidence(self, claim: Claim, accounts: Accounts, row: Counts, log_e: float) -> Evidence:
        metric = self._metrics[claim]
        pooled = sampling.weighted_sum(accounts, places=outcomes.places(metric))
        baseline_rate, optimized_rate = outcomes.rates(metric, pooled)
        lower, upper = self._interval(claim, accounts)
        count, missing = self._seen(claim, accounts)
        return Evidence(
            claim=claim,
            kind=metric.kind,
            log_e_value=log_e,
            count=count,
            missing=missing,
            baseline_rate=baseline_rate,
            optimized_rate=optimized_rate,
            estimate=outcomes.estimate(metric, claim.contrast, pooled),
            lower=lower,
            upper=upper,
            counts=row,
        )

    def _interval(self, claim: Claim, accounts: Accounts) -> Interval:
        figure = (claim.metric, claim.slice, claim.contrast)
        last = self._intervals.get(figure)
        if last is None or last[0] != accounts:
            ends = interval(
                self._metrics[claim],
                claim.contrast,
                accounts,
                alpha=self._settings.alpha_interval,
                rates=self._rates,
            )
            last = self._intervals[figure] = (dict(accounts), ends)
        return last[1]

    # --- For whoever computes it again ---

    def recompute(self, claim: Claim, counts: Counts, power: float = 1.0) -> float:
        """
        Return the logarithm of the e-value whose bets all began with the first pair.

        Args:
            claim: One of those that are weighed here.
            counts: As in `Evidence.counts`.
            power: What each bet's wealth is raised to.

        """
        process = self._process(claim)
        return float(process.log_e_value(process.log_wealth(counts) * power))

    def describe(self, claim: Claim) -> Mapping[str, Any]:
        """
        Return the bets on a claim as JSON, and the formula, to compute the e-value by hand.

        `places`, `gains` and `units` are for each of `Evidence.counts`.
        """
        process, metric = self._process(claim), self._metrics[claim]
        span = outcomes.span(metric, claim.contrast, claim.limit)
        won = gains.gains(claim.contrast, claim.limit, claim.side, span)
        units = [outcomes.units(metric.kind)] * (len(won) - 1) + [1]
        names = outcomes.names(span)
        shrinkage = sampling.shrinkage(self._rates)
        if len(self._rates) > 1:
            names = [f"{name} at {rate} bp" for rate in self._rates for name in names]
        return {
            "formula": _FORMULA,
            "gains": [gain * shrunk for shrunk in shrinkage for gain in won.tolist()],
            "units": units * len(self._rates),
            "places": names,
            "bets": process.bets.sizes.tolist(),
            "shares": process.bets.shares.tolist(),
            "restart_pairs": self._settings.restart_pairs if claim in self._chained else None,
        }

    def receipt(self, claim: Claim, counts: Counts, memory: Memory) -> dict[str, Any]:
        """
        Write down, as JSON, all that the e-value of a claim is computed from; see by_hand.py.

        Args:
            claim: One of those that are weighed here.
            counts: As in `Evidence.counts`.
            memory: What the look returned that the evidence is from.

        """
        description = self._description(claim)
        fresh = memory.get(_CHAINS, {}).get(self._keys[claim])
        power = exponent(memory.get(_RATIOS, {}).get(claim.metric))
        return by_hand.receipt(description, counts, fresh, power=power)

    def _description(self, claim: Claim) -> Mapping[str, Any]:
        found = self._descriptions.get(claim)
        if found is None:
            found = self._descriptions[claim] = self.describe(claim)
        return found

    def _process(self, claim: Claim) -> EProcess:
        process = self._processes.get(claim)
        if process is None:
            message = f"{claim} is not weighed here"
            raise ValueError(message)
        return process


_FORMULA = (
    "e = sum over bets of share * product over places of (1 + bet * gain) ** (count / unit); "
    "each product to the power that is told, if one is; with restart_pairs, half of this and half "
    "of the same for fresh beginnings"
)


def _read(state: Mapping[str, Any] | None) -> Chain | None:
    return None if state is None else restart.from_json(state)


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
