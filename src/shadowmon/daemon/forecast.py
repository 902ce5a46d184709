"""
What a trial will have to prove, how many pairs that takes, and how long at this traffic.

All of it is a forecast from assumptions (evidence/plan.py); what is assumed is told beside it. One
rate of sampling is taken for each slice, though bets are laid for the lowest of several.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from shadowmon.config.settings import LabelCoverage, Settings
from shadowmon.evidence.assumed import ASSUMED_BAD_RATE
from shadowmon.evidence.plan import (
    LOG_CHAIN_COSTS,
    Forecast,
    plan,
    violation_free_pairs,
    violations_needed,
)
from shadowmon.policy.judge import needed
from shadowmon.policy.rules import CORRECT, TAKES_ALL, TRIPWIRES, Kind, Rule, shares
from shadowmon.records import (
    EVERYTHING,
    NO_TRAFFIC,
    Claim,
    Contrast,
    Scope,
    SliceName,
    Stage,
)
from shadowmon.rollout.machine import begin
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial


PROMOTE_AT = (0.0, 0.25, 0.5)
ROLL_BACK_AT = (1.5, 2.0, 3.0)
"""Truths that are forecast, as multiples of a rule's limit."""

VIOLATION_LIMITS = (0.01, 0.005, 0.001, 0.0005, 0.0001)
BASELINE_VIOLATIONS = (0, 1, 2, 3, 5, 10)

_ANY_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_CURVE_POINTS = 61
_CURVE_TO = 3.0
_BAD_RATES = frozenset({Contrast.ABSOLUTE_RISE, Contrast.RELATIVE_RISE, Contrast.ANY_RISE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What the operator says of the traffic and the models; None is not known, or the default."""

    requests_per_second: float | None = None
    shares: Mapping[SliceName, float] = field(default_factory=dict)
    """Share of the route's requests that is in a slice, in (0, 1]."""
    noise: float | None = None
    """See `assumed.assume`; of quality, not of errors."""
    loss: float | None = None
    """A truth of the primary metric to forecast beside the usual ones."""
    accuracy: float | None = None
    """The baseline's rate of good answers."""
    error_rate: float | None = None
    """The baseline's rate of errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTruth:
    """How long a rule takes if the figure is this."""

    truth: float
    multiple: float | None
    """Of the rule's limit; None if the operator named the truth."""
    pairs: Forecast
    median_seconds: float | None
    """None if the traffic is not known."""
    q90_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One rule, and what it takes to prove it."""

    rule: Rule
    log_e_needed: float
    pairs_per_second: float | None
    at: tuple[AtTruth, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One climb, from a stage to the next."""

    stage: Stage
    to: Stage
    after_seconds: tuple[tuple[float, float] | None, ...]
    """For each of PROMOTE_AT, lost of the primary metric alone: since the trial began, median and
    90 % quantile; None: not known."""
    by: str
    """What is waited for longest if nothing is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialForecast:
    """All of one trial."""

    plan: TrialPlan
    assumed: Assumed
    promote: tuple[Asked, ...]
    roll_back: tuple[Asked, ...]
    rungs: tuple[Rung, ...]
    violation_free: tuple[tuple[float, int], ...]
    """Limit -> pairs without a violation that certify a rise below it, at alpha_promote."""
    violations: tuple[tuple[int, int], ...]
    """The baseline's violations -> the optimized model's that prove a rise."""
    tripwire: Kind | None
    """What a single one of the optimized model does already, proof or not; None: nothing."""
    curve: tuple[tuple[float, float, float], ...]
    """True figure of the primary metric -> median pairs to promote, and to take all weight away."""


def forecast(settings: Settings, trial_plan: TrialPlan, assumed: Assumed) -> TrialForecast:
    """Forecast one trial."""
    return _Forecaster(settings, trial_plan, assumed).whole()


class _Forecaster:
    """One trial, while it is forecast."""

    def __init__(self, settings: Settings, trial_plan: TrialPlan, assumed: Assumed) -> None:
        self._settings = settings
        self._trial = settings.trials[trial_plan.trial_id]
        self._route = settings.routes[self._trial.route]
        self._plan = trial_plan
        self._assumed = assumed
        # Only to ask what it needs: it begins nowhere and remembers nothing.
        state = begin(trial_plan.trial_id, now=_ANY_MOMENT)
        trial = Trial(trial_plan, Memory(state=state))
        self._needs, self._metrics = trial.weighing.needs, trial.weighing.metrics
        self._weights = shares(trial_plan.rules)
        self._chained = {rule.claim for rule in trial_plan.rules if rule.kind in TAKES_ALL}

    def whole(self) -> TrialForecast:
        rules = [rule for rule in self._plan.rules if rule.armed]
        promote = tuple(self._asked(rule, PROMOTE_AT) for rule in rules if rule.kind is Kind.CLIMB)
        roll_back = tuple(
            self._asked(rule, ROLL_BACK_AT)
            for rule in rules
            if rule.kind in TAKES_ALL and rule.claim.contrast is not Contrast.ANY_RISE
        )
        return TrialForecast(
            plan=self._plan,
            assumed=self._assumed,
            promote=promote,
            roll_back=roll_back,
            rungs=tuple(self._rungs(promote)),
            violation_free=tuple(self._violation_free()),
            violations=tuple(self._violations(rules)),
            tripwire=next((rule.kind for rule in rules if rule.kind in TRIPWIRES), None),
            curve=tuple(self._curve(rules)),
        )

    # --- one rule ---

    def _asked(self, rule: Rule, multiples: Sequence[float]) -> Asked:
        pace = self._pace(rule.claim.slice)
        truths: list[tuple[float, float | None]] = [
            (_within(rule.claim, multiple * rule.claim.limit), multiple) for multiple in multiples
        ]
        loss = self._assumed.loss
        if loss is not None and rule.claim.metric == self._plan.primary:
            truths.append((loss, None))
        at = [self._at(rule, truth, multiple=multiple, pace=pace) for truth, multiple in truths]
        return Asked(rule=rule, log_e_needed=self._need(rule), pairs_per_second=pace, at=tuple(at))

    def _at(
        self, rule: Rule, truth: float, *, multiple: float | None, pace: float | None
    ) -> AtTruth:
        pairs = self._pairs(rule, truth)
        matures = self._maturity(rule)
        return AtTruth(
            truth=truth,
            multiple=multiple,
            pairs=pairs,
            median_seconds=None if pace is None else pairs.median / pace + matures,
            q90_seconds=None if pace is None else pairs.q90 / pace + matures,
        )

    def _pairs(self, rule: Rule, truth: float) -> Forecast:
        claim, bad = rule.claim, rule.claim.contrast in _BAD_RATES
        assumed = self._assumed
        noise = None if bad else assumed.noise
        if claim.contrast is Contrast.RELATIVE_RISE:
            # Errors are rarer than noise may be: then half of the baseline's are taken as shared.
            rate = ASSUMED_BAD_RATE if assumed.error_rate is None else assumed.error_rate
            noise = min(rate, self._plan.evidence.assumed_noise)
        return plan(
            claim,
            truth,
            self._need(rule),
            settings=self._plan.evidence,
            metric=self._metrics[claim.metric],
            noise=noise,
            baseline_rate=assumed.error_rate if bad else assumed.accuracy,
            chained=claim in self._chained,
        )

    def _need(self, rule: Rule) -> float:
        """Of the average of e-values, a rule alone needs as much more as its weight is less."""
        return needed(rule, self._needs) - math.log(self._weights.get(rule, 1.0))

    def _maturity(self, rule: Rule) -> float:
        waits = (
            rule.claim.metric == CORRECT and self._trial.labels.expected is not LabelCoverage.NONE
        )
        return self._trial.labels.maturity_seconds if waits else 0.0

    def _pace(self, slice_name: SliceName) -> float | None:
        """Return pairs a second; None if the traffic or the slice's share of it is not known."""
        rate = self._assumed.requests_per_second
        if rate is None:
            return None
        if slice_name == EVERYTHING:
            return rate * self._route.sample_rate or None
        share = self._assumed.shares.get(slice_name)
        configured = self._settings.traffic.slices.get(slice_name)
        own = configured.sample_rate if configured else None
        sampled = self._route.sample_rate if own is None else own
        return None if share is None else rate * share * sampled or None

    # --- the ladder ---

    def _rungs(self, promote: Sequence[Asked]) -> Iterator[Rung]:
        ladder = self._plan.course.ladder
        stages = (ladder.shadow, *ladder.stages)
        left: list[tuple[float, float] | None] = [(0.0, 0.0)] * len(PROMOTE_AT)
        for stage, to in pairwise(stages):
            waits = [self._waits(stage, promote, at) for at in range(len(PROMOTE_AT))]
            left = [
                self._later(entered, wait, promote, at)
                for at, (entered, wait) in enumerate(zip(left, waits, strict=True))
            ]
            yield Rung(stage=stage, to=to, after_seconds=tuple(left), by=self._by(stage, promote))

    def _waits(self, stage: Stage, promote: Sequence[Asked], at: int) -> tuple[float, float] | None:
        """Return how long a stage must be stayed in, whatever was proven before it."""
        pace = self._pace(EVERYTHING)
        if pace is None:
            return None
        least = max(stage.min_dwell_seconds, stage.min_pairs / pace)
        median = q90 = least
        for asked in promote:
            if asked.rule.scope is Scope.STAGE:
                seconds = self._seconds(asked, at)
                if seconds is None:
                    return None
                median, q90 = max(median, seconds[0]), max(q90, seconds[1])
        return median, q90

    def _later(
        self,
        entered: tuple[float, float] | None,
        wait: tuple[float, float] | None,
        promote: Sequence[Asked],
        at: int,
    ) -> tuple[float, float] | None:
        """Return when a stage is left: stayed in, and what is proven once only is proven."""
        if entered is None or wait is None:
            return None
        median, q90 = entered[0] + wait[0], entered[1] + wait[1]
        for asked in promote:
            if asked.rule.scope is Scope.EPOCH:
                seconds = self._seconds(asked, at)
                if seconds is None:
                    return None
                median, q90 = max(median, seconds[0]), max(q90, seconds[1])
        return median, q90

    def _seconds(self, asked: Asked, at: int) -> tuple[float, float] | None:
        """Return how long a rule takes if quality is lost; of all else nothing is lost then."""
        lost = asked.rule.claim.metric == self._plan.primary
        found = asked.at[at if lost else 0]
        if found.median_seconds is None or found.q90_seconds is None:
            return None
        return found.median_seconds, found.q90_seconds

    def _by(self, stage: Stage, promote: Sequence[Asked]) -> str:
        """Name what is waited for longest in a stage if nothing is lost."""
        pace = self._pace(EVERYTHING)
        waits = {"its pairs": float(stage.min_pairs)}
        if pace is not None:
            waits = {"its pairs": stage.min_pairs / pace, "its dwell": stage.min_dwell_seconds}
        for asked in promote:
            if asked.rule.scope is Scope.STAGE or stage.weight == NO_TRAFFIC:
                at = asked.at[0]
                seconds = math.inf if at.median_seconds is None else at.median_seconds
                waits[asked.rule.name] = at.pairs.median if pace is None else seconds
        return max(waits, key=lambda name: waits[name])

    # --- what is rare ---

    def _violation_free(self) -> Iterator[tuple[float, int]]:
        for limit in VIOLATION_LIMITS:
            settings = self._plan.evidence
            yield limit, violation_free_pairs(limit, self._needs.climb, settings=settings)

    def _violations(self, rules: Sequence[Rule]) -> Iterator[tuple[int, int]]:
        asked = next((rule for rule in rules if _is_about_violations(rule)), None)
        if asked is None:
            return
        need = self._need(asked) + (LOG_CHAIN_COSTS if asked.claim in self._chained else 0.0)
        for number in BASELINE_VIOLATIONS:
            yield number, violations_needed(number, need, settings=self._plan.evidence)

    # --- the curve ---

    def _curve(self, rules: Sequence[Rule]) -> Iterator[tuple[float, float, float]]:
        """Walk from no loss to three times the red line (or what else takes all weight away)."""
        about = [
            rule
            for rule in rules
            if (rule.claim.metric, rule.claim.slice) == (self._plan.primary, EVERYTHING)
        ]
        climbs = [rule for rule in about if rule.kind is Kind.CLIMB]
        takes = [rule for rule in about if rule.kind in TAKES_ALL]
        if not climbs or not takes:
            return
        furthest = max(rule.claim.limit for rule in (*climbs, *takes)) * _CURVE_TO
        for step in range(_CURVE_POINTS):
            truth = _within(climbs[0].claim, furthest * step / (_CURVE_POINTS - 1))
            up = max(self._pairs(rule, truth).median for rule in climbs)
            yield truth, up, min(self._pairs(rule, truth).median for rule in takes)


def _is_about_violations(rule: Rule) -> bool:
    return rule.claim.contrast is Contrast.ANY_RISE and rule.claim.slice == EVERYTHING


def _within(claim: Claim, truth: float) -> float:
    """Return a figure that can be: not all of the baseline's good answers are lost twice."""
    return truth if claim.contrast is Contrast.RELATIVE_RISE else min(truth, 1.0)
