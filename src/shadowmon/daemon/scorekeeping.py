"""
The second half of the hot loop: pair -> assessments -> scores -> counts.

Every pair that comes in here is counted, whatever becomes of its scoring: what could not be said of
it is missing, and evidence takes the missing for the worst. It is counted in its turn (turns.py),
but for what is one too many at its first case. Nothing waits without a bound: assessments have a
deadline, and so has the scorer pool.
"""

from __future__ import annotations

import asyncio

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

import structlog

from shadowmon.clock import Clock
from shadowmon.config.measures import primary_of, scored_by, scorers_of
from shadowmon.config.settings import Settings
from shadowmon.daemon.assessing import Assessing
from shadowmon.daemon.dependence import Gate
from shadowmon.daemon.scorer_pool import Lost, ScorerPool
from shadowmon.daemon.self_check import self_pair
from shadowmon.daemon.turns import Turn, Turns, Whose, whose
from shadowmon.daemon.watched import WatchedTrial
from shadowmon.evidence.quantile import QuantileOfBefore
from shadowmon.ipc.counted import Counted
from shadowmon.policy.rules import one_is_too_many
from shadowmon.records import (
    Arm,
    Awaiting,
    Cell,
    Counts,
    Exposure,
    Metric,
    MetricName,
    Observation,
    Outcome,
    Pair,
    Score,
    TrialId,
)
from shadowmon.scoring.classification.called import calls
from shadowmon.scoring.panel import unscored
from shadowmon.scoring.service.prompt_cache import is_uneven
from shadowmon.scoring.service.scorer import LATENCY_EXCESS
from shadowmon.scoring.service.slowness import SLOW
from shadowmon.scoring.truth import Truth, said
from shadowmon.telemetry.tallies import Tallies


log = structlog.get_logger()

_OF_TIME = frozenset((LATENCY_EXCESS, SLOW.name))


class Scorekeeper:
    """Takes pairs in; accounts are what comes out."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        metrics: Mapping[TrialId, Mapping[MetricName, Metric]],
        tallies: Tallies,
    ) -> None:
        trials = {TrialId(name): trial for name, trial in settings.trials.items()}
        self._settings = settings
        self._clock = clock
        self._tallies = tallies
        panels = {name: scorers_of(settings, trial) for name, trial in trials.items()}
        for scorer in {scorer for panel in panels.values() for scorer in panel}:
            tallies.add("scorer_failures_total", scorer, by=0)
        self._assessing = Assessing(settings, clock, tallies)
        self._pool = ScorerPool(settings.scoring, panels, clock, self._lost)
        self.turns = Turns(clock, patience_seconds=settings.scoring.turn_seconds)
        self._awaiting: list[Awaiting] = []
        self._exposures: list[Exposure] = []
        self._gates: dict[TrialId, Gate] = {}
        scoring = settings.scoring
        self._quantiles = {
            trial: QuantileOfBefore(scoring.slow_quantile, scoring.slow_block) for trial in metrics
        }
        gathered = settings.evidence.dependence.clusters
        self._at_once = {
            name: frozenset() if gathered else one_is_too_many(trial.policy)
            for name, trial in trials.items()
        }
        self._declared = {name: scored_by(settings, trial) for name, trial in trials.items()}
        self._counted: dict[TrialId, Mapping[MetricName, Metric]] = {}
        self.count_by(metrics)

    async def __aenter__(self) -> Self:
        """Start the scorer processes, and whatever the assessors need."""
        await self._assessing.__aenter__()
        try:
            await self._pool.__aenter__()
        except BaseException:
            await self._assessing.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them, in bounded time."""
        try:
            await self._pool.__aexit__(kind, error, trace)
        finally:
            await self._assessing.__aexit__(kind, error, trace)

    # --- what was counted ---

    def count_by(self, counted: Counted) -> None:
        """
        Count by these metrics from now on.

        A trial whose metrics are others than before begins with an empty account: what it had
        counted belongs to limits that are not in force any more.
        """
        for name, metrics in counted.items():
            trial = self._settings.trials.get(name)
            if trial is not None and self._counted.get(name) != metrics:
                self._gates[name] = Gate(
                    metrics,
                    primary=primary_of(self._settings, trial),
                    settings=self._settings.evidence.dependence,
                )
                self._counted[name] = metrics

    def mark_all_changed(self) -> None:
        """Let the next report tell everything again."""
        for gate in self._gates.values():
            gate.ledger.mark_all_changed()

    def take_changed(self) -> dict[Cell, Counts]:
        """Return the totals of every cell that changed since the last call."""
        changed: dict[Cell, Counts] = {}
        self.turns.go_on()
        for gate in self._gates.values():
            gate.close_due(self._clock.now())
            changed |= gate.ledger.take_changed()
        return changed

    def take_awaiting(self) -> list[Awaiting]:
        """Take out the pairs that from now on wait for a label."""
        taken, self._awaiting = self._awaiting, []
        return taken

    def take_exposures(self) -> list[Exposure]:
        """Take out which arm's replies users got since the last call."""
        taken, self._exposures = self._exposures, []
        return taken

    def close_all(self) -> None:
        """Count every turn and session as it stands, as before a stop."""
        self.turns.end()
        for gate in self._gates.values():
            gate.close_all()

    def set_gauges(self) -> None:
        """Put the gauges of this moment among the tallies."""
        for name, gate in self._gates.items():
            if gate.ratio.ratio is not None:
                self._tallies.set("variance_ratio", name, value=gate.ratio.ratio)

    # --- pairs to scores to counts ---

    async def score(self, pairs: Sequence[tuple[WatchedTrial, Pair]], turn: Turn) -> None:
        """Score the pairs of one exchange, and count what was found when it is its turn."""
        if not pairs:
            return
        self._exposures += [shown for _, each in pairs if (shown := self._exposure(each))]
        twins = [twin for _, each in pairs if (twin := self_pair(each)) is not None]
        assessed = await asyncio.gather(
            *(self._assessing.assess(each) for _, each in pairs),
            *(self._assessing.assess_twin(twin) for twin in twins),
        )
        scores = await self._pool.score(assessed)
        again = {
            score.pair.trial_id: score for score in scores[len(pairs) :] if isinstance(score, Score)
        }
        for (trial, each), score in zip(pairs, scores, strict=False):
            if isinstance(score, Lost):
                self._tallies.add("unscorable_total", trial.trial_id, score.reason)
                self._tallies.add("pairs_set_aside_total", trial.trial_id)
                declared = self._declared[trial.trial_id].values()
                missing = tuple(unscored(declared, each, "scorer_failed"))
                more = trial.self_check.observations(Score(pair=each, observations=missing), None)
                seen = (*missing, *more, *calls(each, trial.classes))
                self._count_in_turn(each, seen, turn)
            else:
                more = trial.self_check.observations(score, again.get(trial.trial_id))
                seen = (*score.observations, *more, *calls(each, trial.classes))
                self._count(trial, each, replace(score, observations=seen), turn)

    def _exposure(self, each: Pair) -> Exposure | None:
        """Say which arm's reply the user got, where users are asked what they think of it."""
        if self._settings.trials[each.trial_id].policy.feedback is None:
            return None
        if not (each.optimized.served or each.baseline.served):
            return None
        return Exposure(
            trial_id=each.trial_id,
            epoch=each.epoch,
            stage=each.stage,
            exchange_id=each.exchange_id,
            arm=Arm.OPTIMIZED if each.optimized.served else Arm.BASELINE,
            received_at=each.received_at,
            asker=each.cluster,
        )

    def _lost(self, reason: str) -> None:
        self._tallies.add("scorer_process_restarts_total", reason)
        log.warning("scoring.process_lost", reason=reason)

    def _count(self, trial: WatchedTrial, each: Pair, score: Score, turn: Turn) -> None:
        seen = (*score.observations, *self._slowness(each))
        if not _is_timed(each):
            seen = tuple(one for one in seen if one.metric not in _OF_TIME)
        self._count_in_turn(each, seen, turn)
        for observation in score.observations:
            self._tallies.add("observations_total", trial.trial_id, observation.metric)
        for scorer in score.scorer_failures:
            self._tallies.add("scorer_failures_total", scorer)
        if trial.expects_labels and each.baseline.outcome is Outcome.OK:
            self._awaiting.append(_awaiting(each, trial.truth))
        self._tallies.add("pairs_total", trial.trial_id)  # last: what raises above is unscorable

    def _count_in_turn(self, each: Pair, seen: Iterable[Observation], turn: Turn) -> None:
        gate, at_once = self._gates[each.trial_id], self._at_once[each.trial_id]
        now: list[Observation] = []
        later: list[Observation] = []
        for one in seen:
            gate.check(one)
            (now if one.metric in at_once else later).append(one)
        if now:
            gate.count(each, now, self._clock.now())
        turn.count(partial(self._enter, gate, whose(each), later))

    def _enter(self, gate: Gate, pair: Whose, seen: Sequence[Observation]) -> None:
        gate.count(pair, seen, self._clock.now())

    def _slowness(self, each: Pair) -> Iterator[Observation]:
        """Hold both models' times to the baseline's quantile of the block before."""
        ours, theirs = each.baseline.answer, each.optimized.answer
        if {each.baseline.outcome, each.optimized.outcome} != {Outcome.OK}:
            return
        if ours and theirs and is_uneven(ours, theirs):
            return
        verdicts = self._quantiles[each.trial_id].compare(
            each.baseline.duration_seconds,
            each.optimized.duration_seconds,
            rise=self._settings.scoring.slow_rise,
        )
        if verdicts is not None:
            baseline, optimized = verdicts
            yield Observation(metric=SLOW.name, baseline=baseline, optimized=optimized)


def _is_timed(each: Pair) -> bool:
    """Did somebody take the time of both answers? A time that nobody took is no time of 0 s."""
    replies = (each.baseline, each.optimized)
    return all(reply.duration_seconds or reply.outcome is not Outcome.OK for reply in replies)


def _awaiting(each: Pair, truth: Truth) -> Awaiting:
    return Awaiting(
        trial_id=each.trial_id,
        epoch=each.epoch,
        exchange_id=each.exchange_id,
        baseline=said(each.baseline.answer, truth),
        optimized=said(each.optimized.answer, truth),
        slices=each.slices,
        received_at=each.received_at,
        rate=each.rate,
        cluster=each.cluster,
    )
