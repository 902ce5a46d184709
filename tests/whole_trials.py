"""
Many whole trials at once, each looked at after every exchange: what its rules would decide.

An exchange is of one of a few kinds; a kind says what each metric shows, in which slices it is, at
which rate it was sampled, and what could not be measured. Rules, bets, shares of the error rate and
needs are those of a plan (`Weighing`); only the walk is vectorised. That it walks as a `Trial` does
is held by tests/statistical/test_trials.py.
"""

from __future__ import annotations

import math

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import outcomes, restart
from shadowmon.evidence.eprocess import bet_as_set
from shadowmon.evidence.outcomes import BOTH_NO, BOTH_YES
from shadowmon.evidence.sampling import EVERY_ONE, in_order
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.policy.judge import needed
from shadowmon.policy.rules import CORRECT, ERROR, TAKES_ALL, Kind, Rule, shares
from shadowmon.policy.settings import PolicySettings
from shadowmon.records import EVERYTHING, MetricName, Scope, SliceName
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.weighing import Weighing
from tests.trials import a_course, a_plan


NEVER = 10**9
_MOST = 1e200
"""Wealth beyond it proves what it may, and a float ends soon."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One kind of exchange."""

    chance: float
    shows: Mapping[MetricName, int] = field(default_factory=dict)
    """Metric -> place of its account; one that is not named was not observed at all."""
    slices: frozenset[SliceName] = frozenset({EVERYTHING})
    rate: int = EVERY_ONE


class _OneRule:
    """The wealth that one rule's bets have made in each trial."""

    def __init__(self, rule: Rule, plan: TrialPlan, kinds: Sequence[Exchange], trials: int) -> None:
        metric = Weighing(plan).metrics[rule.claim.metric]
        rates = in_order(plan.rates_for(rule.claim.metric))
        process = bet_as_set(rule.claim, plan.evidence, metric=metric, rates=rates)
        places = outcomes.places(metric)
        rows = np.zeros((len(kinds), places * len(rates)), dtype=np.int64)
        for row, kind in zip(rows, kinds, strict=True):
            place = kind.shows.get(rule.claim.metric)
            if place is not None and rule.claim.slice in kind.slices:
                row[places * rates.index(kind.rate) + place] = 1
        self.rule = rule
        self._factors = np.exp(process.log_wealth(rows))
        self._counts: NDArray[np.bool_] = np.asarray(rows.any(axis=1))
        self._shares = process.bets.shares
        self._restart_pairs = plan.evidence.restart_pairs
        self._chained = rule.kind in TAKES_ALL
        self._seen = np.zeros(trials, dtype=np.int64)
        self._start = np.tile(self._shares, (trials, 1))
        self._copies = self._start * math.exp(restart.log_share(0))

    def look(self, drawn: NDArray[np.intp]) -> NDArray[np.float64]:
        """Take in an exchange of each trial; return its e-values."""
        factors = self._factors[drawn]
        self._start *= factors
        np.minimum(self._start, _MOST, out=self._start)
        if not self._chained:
            whole: NDArray[np.float64] = self._start.sum(axis=1)
            return whole
        self._copies *= factors
        counted = self._counts[drawn]
        self._seen += counted
        for trial in np.flatnonzero(counted & (self._seen % self._restart_pairs == 0)):
            number = int(self._seen[trial]) // self._restart_pairs
            self._copies[trial] += math.exp(restart.log_share(number)) * self._shares
        both: NDArray[np.float64] = (self._start.sum(axis=1) + self._copies.sum(axis=1)) / 2
        return both

    def begin_anew(self, trials: NDArray[np.bool_]) -> None:
        """Forget what these trials saw in their last stage."""
        self._start[trials] = self._shares


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of each trial."""

    climbed_at: NDArray[np.int64]
    """(trials, stages): after how many exchanges it climbed to each; NEVER if it did not."""
    rolled_back: NDArray[np.int64]
    """After how many exchanges; NEVER if it was not."""


def walk(
    plan: TrialPlan, kinds: Sequence[Exchange], *, exchanges: int, trials: int, seed: int
) -> Ended:
    """
    Let trials run until they are at the top of their ladder, rolled back, or out of exchanges.

    Nothing keeps them from climbing but the evidence, and they climb at the very exchange.
    """
    generator = np.random.default_rng(seed)
    needs, weights = Weighing(plan).needs, shares(plan.rules)
    asked = [
        _OneRule(rule, plan, kinds, trials)
        for rule in plan.rules
        if rule.armed and (rule.kind is Kind.CLIMB or rule in weights)
    ]
    top = len(plan.course.ladder.stages)
    climbed_at, rolled_back = np.full((trials, top), NEVER), np.full(trials, NEVER)
    climbed = np.zeros(trials, dtype=np.int64)
    edges = np.cumsum([kind.chance for kind in kinds])[:-1]
    for look in range(1, exchanges + 1):
        drawn = np.searchsorted(edges, generator.random(trials), side="right")
        average, is_proven = np.zeros(trials), np.ones(trials, dtype=bool)
        for each in asked:
            e_values = each.look(drawn)
            average += weights.get(each.rule, 0.0) * e_values
            if each.rule.kind is Kind.CLIMB:
                is_proven &= np.log(e_values) >= needed(each.rule, needs)
        falls = (average >= math.exp(needs.roll_back)) & (rolled_back == NEVER) & (climbed < top)
        rolled_back[falls] = look
        climbs = is_proven & (rolled_back == NEVER) & (climbed < top)
        climbed_at[climbs, climbed[climbs]] = look
        climbed[climbs] += 1
        for each in asked:
            if each.rule.scope is Scope.STAGE:
                each.begin_anew(climbs)
    return Ended(climbed_at=climbed_at, rolled_back=rolled_back)


# --- trials and exchanges to try -------------------------------------------


ALPHA = 0.05
MISSING = 4
"""The place of what could not be measured, of verdicts."""

_IN_RARE = frozenset({EVERYTHING, SliceName("rare")})


def a_trial_plan(*, edge: tuple[str, ...] = (), **policy: Any) -> TrialPlan:
    """Return a plan of four stages that errs with ALPHA either way."""
    alphas = EvidenceSettings(alpha_promote=ALPHA, alpha_roll_back=ALPHA)
    course = a_course(1, 10, 50, 100)
    return a_plan(policy=PolicySettings(**policy), edge=edge, evidence=alphas, course=course)


def ever_climbed(ended: Ended) -> float:
    """Return the share of trials that left the shadow."""
    return float((ended.climbed_at[:, 0] < NEVER).mean())


def ever_rolled_back(ended: Ended) -> float:
    """Return the share of trials that were rolled back."""
    return float((ended.rolled_back < NEVER).mean())


def kind(
    chance: float,
    quality: int | None = BOTH_YES,
    *,
    error: int = BOTH_NO,
    rare: bool = False,
    rate: int = EVERY_ONE,
    **others: int,
) -> Exchange:
    """Return a kind of exchange, by what each metric shows; quality None was left out."""
    shows = {ERROR: error, **{MetricName(name): place for name, place in others.items()}}
    if quality is not None:
        shows[CORRECT] = quality
    slices = _IN_RARE if rare else frozenset({EVERYTHING})
    return Exchange(chance=chance, shows=shows, slices=slices, rate=rate)


def skipped(chance: float) -> Exchange:
    """Return an exchange that was not sampled."""
    return Exchange(chance=chance)
