"""
Recorded pairs, folded as the daemon folds live ones: scorers -> ledger -> trial -> verdict.

Two questions are answered. *What do all these pairs prove?* is one look at the sum of all accounts:
it does not depend on the order of the pairs, and many processes may share the work, each with the
pairs of its shard. *What would the daemon have done on the way?* is a look after every so many
pairs, in their order, and so only one process can tell.

Rule 1: accounts add. The parts of n shards, merged, are the part that one process would have made,
bit for bit, and so is their verdict.
Rule 2: what needs the order is no part of a part: the restart chain begins with the one look at the
merged counts, all pairs count as one stage's, and a quantile of the times before is not asked.
Rule 3: each pair is on its own: who asked it is not recorded, so no session is counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from shadowmon import plugins
from shadowmon.config.measures import scorers_of
from shadowmon.config.settings import LabelCoverage, LabelSettings, Settings, TrialSettings
from shadowmon.daemon.build import trial_plans
from shadowmon.daemon.parts import Part, Shard
from shadowmon.daemon.portrait import portrait
from shadowmon.daemon.recorded import LineError, Reader, Recorded
from shadowmon.daemon.replay_course import BEGINNING, Course, Look
from shadowmon.daemon.scorer_process import build_panels
from shadowmon.daemon.self_check import SelfCheck, self_pair
from shadowmon.errors import CodecError, Complaint, ConfigError
from shadowmon.evidence.ledger import Ledger, merge
from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.mirror.settings import ModelSettings
from shadowmon.policy.settings import Task
from shadowmon.records import (
    Awaiting,
    Cell,
    Counts,
    ExchangeId,
    Observation,
    Outcome,
    Pair,
    Ticked,
)
from shadowmon.scoring.classification.called import calls
from shadowmon.scoring.classification.classes import against_classes
from shadowmon.scoring.service.scorer import LATENCY_EXCESS
from shadowmon.scoring.truth import against_label, digest, said
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.settings import RouteSettings
from shadowmon.trial.plan import TrialPlan, counted_by
from shadowmon.trial.trial import Trial
from shadowmon.view import TrialView


_SHOWN = 10
"""Refused lines whose place is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that was not counted."""

    file: str
    line: int
    problem: str


def plan_of(settings: Settings, name: str | None) -> TrialPlan:
    """
    Return the plan of the trial that is meant. A recording is all there is: nothing is sampled.

    Args:
        settings: The configuration.
        name: The trial's name; None if there is only one.

    Raises:
        ConfigError: If there is no such trial, or no name and not exactly one trial.

    """
    plans = {plan.trial_id: plan for plan in trial_plans(settings)}
    found = [plan for trial_id, plan in plans.items() if name in {None, trial_id}]
    if len(found) == 1:
        return replace(found[0], rates=ALL_SAMPLED, rates_of_metric={})
    problem = f'no trial is called "{name}"' if name else f"there are {len(plans)} trials"
    raise ConfigError(
        Complaint(
            key="trials",
            problem=problem,
            hint=f"name one of: {', '.join(plans)}" if plans else "configure one",
        )
    )


def plain_settings(*, task: Task, codec: str, expects_labels: bool) -> Settings:
    """Return settings for a recording without a configuration: all defaults of its task."""
    nowhere = ModelSettings(url="http://127.0.0.1:9")  # nothing is ever called
    coverage = LabelCoverage.ALL if expects_labels else LabelCoverage.NONE
    return Settings(
        models={"baseline": nowhere, "optimized": nowhere},
        routes={"recording": RouteSettings(baseline="baseline", codec=codec)},
        trials={
            "recording": TrialSettings(
                route="recording",
                optimized="optimized",
                task=task,
                labels=LabelSettings(expected=coverage),
            )
        },
    )


def has_label(line: bytes) -> bool:
    """Does this pair come with the truth? No, if it is no pair."""
    try:
        told = strict_json.loads(line)
    except CodecError:
        return False
    return isinstance(told, dict) and told.get("label") is not None


class Replay:
    """One process' share of a recording."""

    def __init__(
        self,
        settings: Settings,
        plan: TrialPlan,
        *,
        shard: Shard = Shard(number=1, of=1),  # noqa: B008 - frozen
        every: int = 100,
    ) -> None:
        """
        Args:
            settings: The configuration.
            plan: Of one of its trials.
            shard: Which pairs are ours.
            every: A look after every so many pairs, if all of them are ours.

        Raises:
            ConfigError: If a scorer or the codec is not there.

        """
        trial = settings.trials[plan.trial_id]
        route = settings.routes[trial.route]
        self.plan = plan
        self.looks: list[Look] = []
        self.refusals: list[Refused] = []
        self._shard = shard
        self._trial = trial
        self._panel = build_panels({plan.trial_id: scorers_of(settings, trial)}, settings.scoring)[
            plan.trial_id
        ]
        self._reader = Reader(
            codec=plugins.load("codecs", route.codec, key=f"routes.{trial.route}.codec")(
                route.codec_settings
            ),
            baseline=plan.baseline,
            optimized=plan.optimized,
        )
        self._self_check = SelfCheck(
            share=route.self_check_rate,
            lean=settings.evidence.floor_lean,
            metrics=plan.metrics,
        )
        self._ledger = Ledger(counted_by(plan))
        self._course = Course(plan, every=every) if shard.of == 1 else None
        self._now = BEGINNING
        self._last_at: datetime | None = None
        self._seen: set[bytes] = set()
        self._refused: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._pairs = 0
        self._labels_unused = 0

    # --- in ---

    def take(self, line: bytes, *, file: str = "", number: int = 0) -> ExchangeId | None:
        """
        Fold one line, if it is ours; a line that is no recorded pair is refused and counted.

        Returns:
            Its id; None if it is no pair.

        """
        if not line.strip():
            return None
        try:
            recorded = self._reader.read(line)
        except LineError as error:
            # What cannot be read has no id to be shared out by: the first shard tells of it.
            if self._shard.number == 1:
                self.refuse(str(error), file=file, number=number)
            return None
        self.fold(recorded, file=file, number=number)
        return recorded.id

    def fold(self, recorded: Recorded, *, file: str = "", number: int = 0) -> None:
        """Fold a pair, if it is ours; one whose id was there before is refused and counted."""
        try:
            self._take(recorded)
        except _RepeatedError as error:
            self.refuse(str(error), file=file, number=number)

    def refuse(self, problem: str, *, file: str = "", number: int = 0) -> None:
        """Count what cannot be folded; the first few are told with their place."""
        self._refused[problem] += 1
        if len(self.refusals) < _SHOWN:
            self.refusals.append(Refused(file=file, line=number, problem=problem))

    def _take(self, recorded: Recorded) -> None:
        known = blake2b(recorded.id.encode(), digest_size=16).digest()
        if not self._shard.has(known):
            return
        if known in self._seen:
            msg = "its id was there before"
            raise _RepeatedError(msg)
        self._seen.add(known)
        # No clock may run backwards; a recording may.
        self._now = max(self._now, recorded.at or self._now + timedelta(seconds=1))
        self._last_at = max(filter(None, (self._last_at, recorded.at)), default=None)
        self._fold(recorded)
        self._pairs += 1
        if self._course:
            self.looks += self._course.counted(self._ledger, self._pairs, now=self._now)

    def _fold(self, recorded: Recorded) -> None:
        state = self._course.trial.memory.state if self._course else None
        pair = Pair(
            trial_id=self.plan.trial_id,
            epoch=1,
            stage=state.stage_count if state else 1,
            exchange_id=recorded.id,
            baseline=recorded.baseline,
            optimized=recorded.optimized,
            baseline_again=recorded.baseline_again,
            slices=recorded.slices,
            received_at=self._now,
            question=recorded.question,
        )
        score = self._panel.score(pair)
        if not recorded.is_timed:  # a time that nobody took is no time of 0 s
            seen = (each for each in score.observations if each.metric != LATENCY_EXCESS)
            score = replace(score, observations=tuple(seen))
        for scorer in score.scorer_failures:
            self._failures[scorer] += 1
        twin = self_pair(pair)
        again = self._panel.score(twin) if twin else None
        more = [
            *self._self_check.observations(score, again),
            *calls(pair, self._trial.labels.classes),
            *self._truth(pair, recorded.label),
        ]
        self._ledger.record(replace(score, observations=(*score.observations, *more)))

    def _truth(self, pair: Pair, label: str | None) -> Sequence[Observation]:
        """Say what the label says: it has come already, so nothing has to wait for maturity."""
        expected = self._trial.labels.expected
        if expected is LabelCoverage.NONE:
            self._labels_unused += label is not None
            return ()
        unlabelled = label is None and expected is LabelCoverage.SOME
        if pair.baseline.outcome is not Outcome.OK or unlabelled:
            return ()
        awaiting = Awaiting(
            trial_id=pair.trial_id,
            epoch=pair.epoch,
            exchange_id=pair.exchange_id,
            baseline=said(pair.baseline.answer, self._trial.truth),
            optimized=said(pair.optimized.answer, self._trial.truth),
            slices=pair.slices,
            received_at=pair.received_at,
        )
        kept = None if label is None else digest(label, self._trial.truth)
        of_classes = against_classes(awaiting, kept, self._trial.labels.classes)
        return (against_label(awaiting, kept), *of_classes)

    # --- out ---

    def part(self) -> Part:
        """Return all that was counted, for merging."""
        return Part(
            plan=self.plan,
            shards=(self._shard,),
            pairs=self._pairs,
            refused=dict(self._refused),
            scorer_failures=dict(self._failures),
            labels_unused=self._labels_unused,
            last_at=self._last_at,
            accounts=_one_stage(self._ledger),
        )


class _RepeatedError(Exception):
    """A pair that was counted already."""


def _one_stage(ledger: Ledger) -> dict[Cell, Counts]:
    """Return a ledger's accounts, with the stages of each cell added up to one."""
    return merge(
        {replace(cell, stage=min(cell.stage, 1)): counts}
        for cell, counts in ledger.totals().items()
    )


# --- What all of it proves -------------------------------------------------


def judged(part: Part) -> Trial:
    """Look once at all that was counted."""
    now = part.last_at or BEGINNING
    trial, _ = Trial.open(part.plan, now=now)
    trial.handle(Ticked(now=now, totals=part.accounts))
    return trial


def drawn(part: Part) -> TrialView:
    """Return the picture of that look."""
    return portrait(judged(part), 0)
