"""
One metric's claims, weighed together: e-values, fresh beginnings, and what is shown beside them.

All claims that have news are weighed in one product (battery.py), the fresh beginnings of those
that differ only in their slice at once (restart.py), and what belongs to a cell is read once.

Rule: nothing is remembered here. What a claim is given depends on what is asked of it alone, to the
last bit, whatever else is asked at that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from shadowmon.evidence import fresh, gains, outcomes, sampling, shown
from shadowmon.evidence.battery import Battery
from shadowmon.evidence.eprocess import EProcess, bet_as_set
from shadowmon.evidence.fresh import Fresh
from shadowmon.evidence.sampling import Accounts
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.shown import Drawn, Shown
from shadowmon.records import Claim, Contrast, Counts, Evidence, Metric, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that the evidence for a claim depends on."""

    accounts: Accounts
    power: float
    """What each bet's wealth is raised to: the same for all claims on a metric."""
    power_before: float
    """What it was raised to at the look before: by that the fresh beginnings weigh what came since,
    for a power that what it weighs had a part in makes no fair bet."""
    chain: Mapping[str, Any] | None
    watch: Mapping[str, Any] | None
    drawn: Drawn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The evidence, and what is to be remembered of it."""

    evidence: Evidence
    drawn: Drawn
    chain: Mapping[str, Any] | None
    """None of a claim that is not chained; so is the watch."""
    watch: Mapping[str, Any] | None


_News: TypeAlias = Sequence[tuple[Claim, Asked]]

_Question: TypeAlias = tuple[Contrast, float, Side]
"""What is asked of every slice."""


def _question(claim: Claim) -> _Question:
    return claim.contrast, claim.limit, claim.side


class Pan:
    """The bets on all claims about one metric."""

    def __init__(
        self,
        metric: Metric,
        claims: Collection[Claim],
        *,
        chained: Collection[Claim],
        settings: EvidenceSettings,
        rates: Sequence[int],
    ) -> None:
        """
        Lay them.

        Args:
            metric: What is measured.
            claims: About this metric.
            chained: Those that must notice a sudden change too.
            settings: How the bets are laid.
            rates: All sampling rates that may occur.

        """
        self._metric = metric
        self._chained = chained
        self._settings = settings
        self._rates = sampling.in_order(rates)
        # Bets do not depend on the slice, and are dear to lay.
        by_question = {_question(claim): claim for claim in claims}
        self._processes = {
            question: bet_as_set(claim, settings, metric=metric, rates=self._rates)
            for question, claim in by_question.items()
        }
        self._number = {question: number for number, question in enumerate(by_question)}
        self._battery = Battery(
            metric,
            list(zip(by_question.values(), self._processes.values(), strict=True)),
            rates=len(self._rates),
        )

    def process(self, claim: Claim) -> EProcess:
        """Return the bets on a claim."""
        return self._processes[_question(claim)]

    def check(self, claim: Claim, accounts: Accounts) -> None:
        """
        Refuse accounts that are not of this metric.

        Raises:
            ValueError: If there is one at a rate that was not foreseen, or it has not the number of
                places of the metric.

        """
        sampling.check(accounts, self._rates)
        for account in accounts.values():
            if len(account) != outcomes.places(self._metric):
                message = (
                    f"{claim}: an account of {len(account)} places, a {self._metric.kind} metric "
                    f"has {outcomes.places(self._metric)}"
                )
                raise ValueError(message)

    def weigh(self, news: _News) -> list[Found]:
        """Weigh claims that have news, and return what was found of each."""
        rows = [self._row(claim, asked.accounts) for claim, asked in news]
        from_start = self._from_start(news)
        beside = self._shown(news)
        drawn = self._drawn(news, beside)
        chained = self._fresh(news, rows, beside, from_start)
        found = []
        for number, (claim, _) in enumerate(news):
            its, log_e = chained.get(number), from_start[number]
            log_es = (its.log_e_value if its and any(rows[number]) else log_e, log_e)
            found.append(
                Found(
                    evidence=self._evidence(
                        claim, log_es, rows[number], beside[number], drawn[number]
                    ),
                    drawn=drawn[number],
                    chain=its.chain if its else None,
                    watch=its.watch if its else None,
                )
            )
        return found

    def _evidence(
        self, claim: Claim, log_es: tuple[float, float], row: Counts, beside: Shown, drawn: Drawn
    ) -> Evidence:
        lower, upper = shown.interval_of(drawn)
        return Evidence(
            claim=claim,
            kind=self._metric.kind,
            log_e_value=log_es[0],
            log_e_from_start=log_es[1],
            count=beside.count,
            missing=beside.missing,
            baseline_rate=beside.baseline_rate,
            optimized_rate=beside.optimized_rate,
            estimate=beside.estimate,
            lower=lower,
            upper=upper,
            counts=row,
        )

    def _row(self, claim: Claim, accounts: Accounts) -> Counts:
        """Return what a claim bets on, at all rates, in the order of its process."""
        parts = {
            rate: outcomes.part(self._metric, claim.contrast, claim.limit, account)
            for rate, account in accounts.items()
        }
        places = len(self.process(claim).log_factors) // len(self._rates)
        return sampling.one_after_the_other(parts, self._rates, places=places)

    # --- e-values ---

    def _from_start(self, news: _News) -> list[float]:
        """Return the logarithm of each claim's e-value whose bets all began with the first pair."""
        cells = {id(asked.accounts): asked.accounts for _, asked in news}
        places = outcomes.places(self._metric)
        accounts = np.array(
            [
                sampling.one_after_the_other(by_rate, self._rates, places=places)
                for by_rate in cells.values()
            ],
            dtype=np.int64,
        )
        log_es = self._battery.log_e_values(accounts, news[0][1].power)
        log_es[:, ~accounts.any(axis=1)] = 0.0
        weighed = dict(zip(cells, log_es.T.tolist(), strict=True))
        return [
            weighed[id(asked.accounts)][self._number[_question(claim)]] for claim, asked in news
        ]

    def _fresh(
        self,
        news: _News,
        rows: Sequence[Counts],
        beside: Sequence[Shown],
        from_start: Sequence[float],
    ) -> dict[int, Fresh]:
        """Bring the fresh beginnings of the chained claims up to date, question by question."""
        alike: defaultdict[_Question, list[int]] = defaultdict(list)
        for number, (claim, _) in enumerate(news):
            if claim in self._chained:
                alike[_question(claim)].append(number)
        # Many claims are about one account: it becomes JSON once, and an array once.
        as_json = {id(row): list(row) for row in rows}
        accounts = [as_json[id(row)] for row in rows]
        states = [(asked.chain, asked.watch) for _, asked in news]
        read = fresh.rows_of(accounts, states)
        found: dict[int, Fresh] = {}
        for question, numbers in alike.items():
            those = fresh.advance(
                [states[number] for number in numbers],
                self._processes[question],
                [accounts[number] for number in numbers],
                rows=read,
                pairs=[beside[number].count + beside[number].missing for number in numbers],
                from_start=np.array([from_start[number] for number in numbers]),
                settings=self._settings,
                power=news[0][1].power_before,
            )
            found |= zip(numbers, those, strict=True)
        return found

    # --- what is shown ---

    def _shown(self, news: _News) -> list[Shown]:
        """Read each cell once for each contrast."""
        read: dict[tuple[Contrast, int], Shown] = {}
        for claim, asked in news:
            figure = claim.contrast, id(asked.accounts)
            if figure not in read:
                read[figure] = shown.read(self._metric, claim.contrast, asked.accounts)
        return [read[claim.contrast, id(asked.accounts)] for claim, asked in news]

    def _drawn(self, news: _News, beside: Sequence[Shown]) -> list[Drawn]:
        """Draw each interval once, for all claims that are about the same figure."""
        alike: defaultdict[Contrast, defaultdict[Hashable, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for number, (claim, asked) in enumerate(news):
            before = None if asked.drawn is None else tuple(asked.drawn)
            alike[claim.contrast][id(asked.accounts), before].append(number)
        drawn: dict[int, Drawn] = {}
        for contrast, figures in alike.items():
            firsts = [numbers[0] for numbers in figures.values()]
            found = shown.draw(
                self._metric,
                contrast,
                [
                    (news[first][1].accounts, beside[first], news[first][1].drawn)
                    for first in firsts
                ],
                alpha=self._settings.alpha_interval,
                rates=self._rates,
            )
            for numbers, each in zip(figures.values(), found, strict=True):
                drawn |= dict.fromkeys(numbers, each)
        return [drawn[number] for number in range(len(news))]

    # --- for whoever computes it again ---

    def describe(self, claim: Claim) -> Mapping[str, Any]:
        """Return the bets on a claim as JSON, and the formula; see `Scales.describe`."""
        process = self.process(claim)
        span = outcomes.span(self._metric, claim.contrast, claim.limit)
        won = gains.gains(claim.contrast, claim.limit, claim.side, span)
        units = [outcomes.units(self._metric.kind)] * (len(won) - 1) + [1]
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


_FORMULA = (
    "e = sum over bets of share * product over places of (1 + bet * gain) ** (count / unit); "
    "each product to the power that is told, if one is; with restart_pairs, half of this and half "
    "of the same for fresh beginnings"
)
