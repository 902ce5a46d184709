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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from shadowmon import plugins
from shadowmon.config.measures import scorers_of
from shadowmon.config.settings import LabelCoverage, LabelSettings, Settings, TrialSettings
from shadowmon.daemon.build import trial_plans
from shadowmon.daemon.parts import Part, Shard
from shadowmon.daemon.portrait import portrait
from shadowmon.daemon.recorded import LineError, Reader, Recorded
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
    Command,
    Counts,
    EntryKind,
    Observation,
    Outcome,
    Pair,
    Record,
    SetWeight,
    Ticked,
    WeightApplied,
)
from shadowmon.scoring.service import LATENCY_EXCESS
from shadowmon.scoring.truth import against_label, digest, said
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.settings import RouteSettings
from shadowmon.trial.plan import TrialPlan, counted_by
from shadowmon.trial.trial import Trial
from shadowmon.view import TrialView


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""The first pair's moment, where the recording has none; each further one is a second later."""

_SHOWN = 10
"""Refused lines whose place is told."""

_TOLD = (EntryKind.VERDICT, EntryKind.STAGE_ENTERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the daemon would have journalled on the way."""

    pairs: int
    """So many had been counted."""
    at: datetime
    kind: EntryKind
    sentence: str


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
        return replace(found[0], rates=ALL_SAMPLED)
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
        self._panel = build_panels({plan.trial_id: scorers_of(trial)}, settings.scoring)[
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
        self._course = _Course(plan, every=every) if shard.of == 1 else None
        self._now = BEGINNING
        self._last_at: datetime | None = None
        self._seen: set[bytes] = set()
        self._refused: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._pairs = 0
        self._labels_unused = 0

    # --- in ---

    def take(self, line: bytes, *, file: str = "", number: int = 0) -> None:
        """Fold one line, if it is ours; a line that is no recorded pair is refused and counted."""
        if not line.strip():
            return
        try:
            self._take(self._reader.read(line))
        except LineError as error:
            # What cannot be read has no id to be shared out by: the first shard tells of it.
            if self._shard.number == 1:
                self._refuse(str(error), file, number)
        except _RepeatedError as error:
            self._refuse(str(error), file, number)

    def _refuse(self, problem: str, file: str, number: int) -> None:
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
        )
        score = self._panel.score(pair)
        if not recorded.is_timed:  # a time that nobody took is no time of 0 s
            seen = (each for each in score.observations if each.metric != LATENCY_EXCESS)
            score = replace(score, observations=tuple(seen))
        for scorer in score.scorer_failures:
            self._failures[scorer] += 1
        twin = self_pair(pair)
        again = self._panel.score(twin) if twin else None
        more = [*self._self_check.observations(score, again), *self._truth(pair, recorded.label)]
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
            baseline=said(pair.baseline.answer),
            optimized=said(pair.optimized.answer),
            slices=pair.slices,
            received_at=pair.received_at,
        )
        return (against_label(awaiting, None if label is None else digest(label)),)

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


class _Course:
    """What the daemon would have done: a trial that is looked at on the way."""

    def __init__(self, plan: TrialPlan, *, every: int) -> None:
        self.trial, _ = Trial.open(plan, now=BEGINNING)
        self._every = every
        self._begun = False

    def counted(self, ledger: Ledger, pairs: int, *, now: datetime) -> Iterable[Look]:
        """Look, if it is time to, and return what would have been journalled."""
        if not self._begun:  # it began with the first pair, whenever that was
            self._begun = True
            self.trial, _ = Trial.open(self.trial.plan, now=now)
        if pairs % self._every:
            return
        for command in self._handle(ledger, now):
            if isinstance(command, Record) and command.entry.kind in _TOLD:
                yield Look(
                    pairs=pairs,
                    at=now,
                    kind=command.entry.kind,
                    sentence=command.entry.sentence,
                )

    def _handle(self, ledger: Ledger, now: datetime) -> Iterable[Command]:
        commands = self.trial.handle(Ticked(now=now, totals=ledger.totals()))
        yield from commands
        for command in commands:
            if isinstance(command, SetWeight):  # done at once, and it never fails
                yield from self.trial.handle(WeightApplied(weight=command.weight, now=now))


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
