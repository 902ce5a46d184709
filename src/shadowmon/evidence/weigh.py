"""
Accounts -> Evidence: every claim of a trial weighed at one moment.

The slow half of the evidence, and it is central: one decider weighs the sum of all replicas'
accounts (two that decided independently would double the error rate). What it must remember between
two looks is only the restart chains, and which intervals were drawn when (shown.py); all else is
read off the accounts each time.

A claim whose pairs did not become more since the last look is as it was; the others are weighed
together, metric by metric (pan.py).

Rule 1: the same accounts and the same memory give the same evidence, to the last bit, whatever else
is weighed at that moment.
Rule 2: a limit that was chosen after the evidence began may be shown and must not decide.
"""

from __future__ import annotations

import json

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from shadowmon.evidence import alarm, by_hand, gains
from shadowmon.evidence.alarm import Alarm
from shadowmon.evidence.pan import Asked, Found, Pan
from shadowmon.evidence.sampling import ALL_SAMPLED, Accounts
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.variance_ratio import exponent
from shadowmon.records import Claim, Counts, Evidence, Metric, MetricName, Side


Memory: TypeAlias = Mapping[str, Any]
"""What must be kept between two looks, as JSON. Floats survive the round trip exactly."""

_CHAINS = "chains"
_WATCHES = "watches"
_INTERVALS = "intervals"
_RATIOS = "variance_ratios"
_INDEPENDENT: Mapping[MetricName, float] = {}
_AS_THE_PAIRS: Mapping[MetricName, Sequence[int]] = {}
_NOTHING: Accounts = {}


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
        rates_of_metric: Mapping[MetricName, Sequence[int]] = _AS_THE_PAIRS,
    ) -> None:
        """
        Lay the bets on every claim.

        Args:
            metrics: Those that the claims are about, by name.
            settings: How the bets are laid.
            claims: All that will be weighed.
            chained: Those of them that must notice a sudden change too (restart.py).
            rates: All sampling rates that may occur, in basis points (sampling.py).
            rates_of_metric: The same of metrics that are measured on only some sampled pairs.

        Raises:
            ValueError: If a claim cannot be proven of its metric, or a chained one is not among the
                claims, or is about being better, or a rate is no probability.

        """
        self._settings = settings
        self._chained = frozenset(chained)
        _check(metrics, claims, self._chained)
        by_metric: dict[MetricName, list[Claim]] = {}
        for claim in claims:
            by_metric.setdefault(claim.metric, []).append(claim)
        self._pans = {
            name: Pan(
                metrics[name],
                about,
                chained=self._chained,
                settings=settings,
                rates=rates_of_metric.get(name, rates),
            )
            for name, about in by_metric.items()
        }
        self._keys = {claim: _key(claim) for claim in claims}
        self._descriptions: dict[Claim, Mapping[str, Any]] = {}
        self._last: dict[Claim, tuple[Asked, Found]] = {}

    def weigh(
        self,
        counts: Mapping[Claim, Accounts],
        memory: Memory,
        *,
        variance_ratios: Mapping[MetricName, float] = _INDEPENDENT,
        ratios_before: Mapping[MetricName, float] | None = None,
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
            ratios_before: The same as it was known at the look before; None: they are as they were.

        Returns:
            The evidence for every claim, and the memory for the next look.

        Raises:
            ValueError: If there is an account for a claim that is not weighed here, or at a rate
                that was not foreseen, or it has not the number of places of its metric.

        """
        before = variance_ratios if ratios_before is None else ratios_before
        asked = self._asked(counts, memory, variance_ratios, before)
        news: dict[MetricName, list[tuple[Claim, Asked]]] = {}
        for claim, each in asked.items():
            last = self._last.get(claim)
            if last is None or last[0] != each:
                news.setdefault(claim.metric, []).append((claim, each))
        for name, those in news.items():
            weighed = self._pans[name].weigh(those)
            for (claim, each), its in zip(those, weighed, strict=True):
                self._last[claim] = (each, its)
        found = [(claim, key, self._last[claim][1]) for claim, key in self._keys.items()]
        remembered: dict[str, Any] = {
            _CHAINS: {key: its.chain for _, key, its in found if its.chain is not None},
            _WATCHES: {key: its.watch for _, key, its in found if its.watch is not None},
            _INTERVALS: {key: its.drawn for _, key, its in found},
        }
        if variance_ratios:
            remembered[_RATIOS] = dict(variance_ratios)
        return {claim: its.evidence for claim, _, its in found}, remembered

    def _asked(
        self,
        counts: Mapping[Claim, Accounts],
        memory: Memory,
        variance_ratios: Mapping[MetricName, float],
        ratios_before: Mapping[MetricName, float],
    ) -> dict[Claim, Asked]:
        for claim, accounts in counts.items():
            if claim not in self._keys:
                message = f"an account for {claim}, which is not weighed here"
                raise ValueError(message)
            last = self._last.get(claim)
            if last is None or last[0].accounts != accounts:
                self._pans[claim.metric].check(claim, accounts)
        chains, watches = memory.get(_CHAINS, {}), memory.get(_WATCHES, {})
        intervals = memory.get(_INTERVALS, {})
        powers, powers_before = (
            {name: exponent(ratios.get(name)) for name in self._pans}
            for ratios in (variance_ratios, ratios_before)
        )
        return {
            claim: Asked(
                accounts=counts.get(claim, _NOTHING),
                power=powers[claim.metric],
                power_before=powers_before[claim.metric],
                chain=chains.get(key),
                watch=watches.get(key),
                drawn=intervals.get(key),
            )
            for claim, key in self._keys.items()
        }

    def alarms(self, memory: Memory) -> dict[Claim, Alarm]:
        """
        Return for every chained claim how near it is to calling a person (alarm.py).

        Args:
            memory: What the last look returned; without it there is no alarm.

        """
        watches: Mapping[str, Any] = memory.get(_WATCHES, {})
        watched = {
            claim: watches[key]["log_wealth"]
            for claim, key in self._keys.items()
            if claim in self._chained and key in watches
        }
        settings = self._settings
        alarms = alarm.read_all(
            list(watched.values()), settings.restart_pairs, settings.alarm_pairs
        )
        return dict(zip(watched, alarms, strict=True))

    # --- For whoever computes it again ---

    def recompute(self, claim: Claim, counts: Counts, power: float = 1.0) -> float:
        """
        Return the logarithm of the e-value whose bets all began with the first pair.

        Args:
            claim: One of those that are weighed here.
            counts: As in `Evidence.counts`.
            power: What each bet's wealth is raised to.

        """
        process = self._pan(claim).process(claim)
        return float(process.log_e_value(process.log_wealth(counts) * power))

    def describe(self, claim: Claim) -> Mapping[str, Any]:
        """
        Return the bets on a claim as JSON, and the formula, to compute the e-value by hand.

        `places`, `gains` and `units` are for each of `Evidence.counts`.
        """
        return self._pan(claim).describe(claim)

    def receipt(self, claim: Claim, counts: Counts, memory: Memory) -> dict[str, Any]:
        """
        Write down, as JSON, all that the e-value of a claim is computed from; see by_hand.py.

        Args:
            claim: One of those that are weighed here.
            counts: As in `Evidence.counts`.
            memory: What the look returned that the evidence is from.

        """
        fresh = memory.get(_CHAINS, {}).get(self._keys[claim])
        power = exponent(memory.get(_RATIOS, {}).get(claim.metric))
        return by_hand.receipt(self._description(claim), counts, fresh, power=power)

    def _description(self, claim: Claim) -> Mapping[str, Any]:
        found = self._descriptions.get(claim)
        if found is None:
            found = self._descriptions[claim] = self.describe(claim)
        return found

    def _pan(self, claim: Claim) -> Pan:
        if claim not in self._keys:
            message = f"{claim} is not weighed here"
            raise ValueError(message)
        return self._pans[claim.metric]


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
