"""
The product's bets on the laws of this bench: the one file that knows how evidence/ is made.

Rule: nothing of the statistics is written a second time. Bets, shares, deposits of observations and
shares of the restart chain come from shadowmon.evidence; `walk.py` only multiplies.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.decisions.laws import Floats, Law, agreement, flips, sparse, text
from shadowmon.evidence import alarm, outcomes, restart
from shadowmon.evidence.bets import Bets
from shadowmon.evidence.eprocess import EProcess, bet_on
from shadowmon.evidence.sampling import ALL_SAMPLED, in_order
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Side,
)


METRIC = MetricName("metric")
SETTINGS = EvidenceSettings()

ALARM_LEVEL = 1 / (1 + SETTINGS.alarm_pairs / SETTINGS.restart_pairs)
"""An alarm is raised at 1 / this; no error probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """How a loss is measured and counted, and what a claim about it bets on."""

    kind: MetricKind
    contrast: Contrast
    span: tuple[float, float]
    """Range of the loss."""
    declared_noise: float
    """What an operator who knew the law would declare."""
    declared_distance: float = 1.0
    """The same, of answers that differ at all."""

    def metric(self, limit: float) -> Metric:
        """Return the metric, held to the limit."""
        lower, upper = self.span if self.kind is MetricKind.DIVERGENCE else (0.0, 1.0)
        return Metric(
            name=METRIC,
            kind=self.kind,
            lower=lower,
            upper=upper,
            held_to=((self.contrast, limit),) if self.kind is MetricKind.SCORES else (),
            sentence="",
        )

    def observe(self, loss: float) -> Observation:
        """Return a measurement that shows this loss; NaN: a pair that could not be measured."""
        if math.isnan(loss):
            return Observation(metric=METRIC, missing="late")
        match self.kind:
            case MetricKind.DIVERGENCE:
                return Observation(metric=METRIC, distance=loss)
            case MetricKind.VERDICTS:  # a yes is an error
                return Observation(metric=METRIC, baseline=loss < 0, optimized=loss > 0)
            case MetricKind.SCORES:
                return Observation(metric=METRIC, baseline=(1 - loss) / 2, optimized=(1 + loss) / 2)


DISTANCE = Subject(
    kind=MetricKind.DIVERGENCE, contrast=Contrast.MEAN, span=(0.0, 1.0), declared_noise=1.0
)
PAIRED = Subject(
    kind=MetricKind.VERDICTS,
    contrast=Contrast.ABSOLUTE_RISE,
    span=(-1.0, 1.0),
    declared_noise=float(flips(0.0).chances @ flips(0.0).losses ** 2),
)
TEXT = replace(
    PAIRED,
    kind=MetricKind.SCORES,
    declared_noise=float(text(0.0).chances @ text(0.0).losses ** 2),
)

SUBJECTS: dict[Callable[[float], Law], Subject] = {
    agreement: DISTANCE,
    flips: PAIRED,
    text: TEXT,
    sparse: replace(DISTANCE, declared_distance=0.5),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stake:
    """The bets on one claim, ready to be walked along many streams."""

    claim: Claim
    subject: Subject
    process: EProcess
    rates: tuple[int, ...] = ALL_SAMPLED
    """Sampling rates in basis points, the highest first."""
    chained: bool = False
    """Is half of it kept for fresh beginnings (evidence/restart.py)?"""
    alarm: bool = False
    """Has each fresh beginning a full stake, to call a person (evidence/alarm.py)?"""

    @property
    def starts_afresh(self) -> bool:
        """Return whether there are fresh beginnings at all."""
        return self.chained or self.alarm

    @property
    def shares(self) -> Floats:
        """What each bet has of the stake."""
        return self.process.bets.shares

    @property
    def begin(self) -> Floats:
        """What each bet has when the first pair comes; a chain gives the rest out later."""
        return (0.5 * self.shares + self.fresh(0)) if self.chained else self.shares

    def fresh(self, copy: int) -> Floats:
        """Return what a fresh beginning adds to each bet."""
        if self.alarm:
            return self.shares * math.exp(alarm.full_stake(copy))
        return self.shares * 0.5 * math.exp(restart.log_share(copy))

    def factors(self, law: Law) -> Floats:
        """Return by how much each possible pair multiplies each bet, (pairs, bets)."""
        return np.exp(self.process.log_wealth(self.deposits(law)))

    def deposits(self, law: Law) -> Floats:
        """
        Return the account that each possible pair alone would make, (pairs, places).

        NaN stands for a pair that could not be measured, infinity for no pair at all.
        """
        claim, metric = self.claim, self.subject.metric(self.claim.limit)
        rows = np.zeros((len(law.losses), len(self.process.log_factors)))
        places = rows.shape[1] // len(self.rates)
        rates = law.rates or self.rates[:1] * len(law.losses)
        for row, loss, rate in zip(rows, law.losses.tolist(), rates, strict=True):
            if math.isinf(loss):
                continue
            account = [0] * outcomes.places(metric)
            for place, amount in outcomes.deposit(self.subject.observe(loss), metric):
                account[place] += amount
            part = outcomes.part(metric, claim.contrast, claim.limit, tuple(account))
            begin = places * self.rates.index(rate)
            row[begin : begin + places] = part
        return rows


def stake(
    subject: Subject,
    limit: float,
    side: Side,
    *,
    noise: float | None = None,
    rates: Sequence[int] = ALL_SAMPLED,
    chained: bool = False,
) -> Stake:
    """
    Lay the product's bets on "the loss is worse, or better, than the limit".

    Args:
        subject: What it is a loss of.
        limit: The limit.
        side: Which side of it.
        noise: As an operator declares it, who knows the distance too; None: what the settings
            assume by default.
        rates: Sampling rates that may occur, in basis points.
        chained: Is half of the stake kept for fresh beginnings?

    """
    claim = Claim(
        metric=METRIC, slice=EVERYTHING, contrast=subject.contrast, limit=limit, side=side
    )
    process = bet_on(
        claim,
        assumed_noise=SETTINGS.assumed_noise if noise is None else noise,
        assumed_distance=SETTINGS.assumed_distance if noise is None else subject.declared_distance,
        metric=subject.metric(limit),
        rates=rates,
    )
    return Stake(
        claim=claim, subject=subject, process=process, rates=in_order(rates), chained=chained
    )


def with_even_shares(laid: Stake) -> Stake:
    """Return the same bets with nothing planned: each has the same share."""
    bets = laid.process.bets
    even = np.full(len(bets.sizes), 1 / len(bets.sizes))
    process = EProcess(
        log_factors=laid.process.log_factors,
        log_shares=np.log(even),
        bets=Bets(sizes=bets.sizes, shares=even),
    )
    return replace(laid, process=process)
