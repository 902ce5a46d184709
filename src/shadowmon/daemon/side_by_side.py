"""
Side by side: which two answers a reviewer compares next, and what they said of them.

The answers are recorded ones, from a file (daemon/recorded.py): nothing of production's is kept.

Rule 1: blinded. Which answer stands on the left is drawn for each task and reviewer by a salted
hash: the same whenever it is asked, another one for the next reviewer, and balanced over all.
Rule 2: each reviewer compares a task once; a slice that has experts is for them alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from shadowmon.config.settings import Settings
from shadowmon.daemon.recorded import Recorded
from shadowmon.daemon.recorded_pairs import recorded_pairs
from shadowmon.errors import RefusedError
from shadowmon.records import (
    EVERYTHING,
    Answer,
    Choice,
    ExchangeId,
    Phase,
    Preference,
    Reply,
    TrialId,
)
from shadowmon.rollout.settings import ReviewSettings
from shadowmon.sticky import SPAN, place, salt_of
from shadowmon.trial.review import Review, ReviewRule, ReviewStanding
from shadowmon.view import GateResult, ReviewTask, Said


_TASKS_MAX = 100_000

_SHOWN = ("text", "reasoning", "refusal", "tool_calls", "label", "fields", "ranking")
"""Parts of an answer that people compare."""

_ASKED = ("instructions", "text")

_AS_SAID = {Said.TIE: Choice.TIE, Said.BOTH_BAD: Choice.BOTH_BAD, Said.SKIP: Choice.SKIP}

_EMPTY: Mapping[str, Any] = {
    field.name: field.default for field in fields(Answer) if field.name in _SHOWN
}


class SideBySide:
    """The comparisons of one trial."""

    def __init__(self, settings: Settings, trial_id: TrialId, *, alpha: float) -> None:
        """
        Args:
            settings: The configuration.
            trial_id: Of which trial.
            alpha: See `ReviewRule`.

        Raises:
            RefusedError: If the trial has no comparisons to hand out, or they cannot be read.

        """
        given = settings.trials[trial_id].review
        if given is None:
            msg = f"trial {trial_id} has no `review`: name the recorded pairs to compare"
            raise RefusedError(msg)
        self._given = given
        self._salt = salt_of(settings.traffic.sampling_salt, f"review {trial_id}")
        self._tasks = _tasks(settings, trial_id, given)
        self._review = Review(
            ReviewRule(
                margin=given.margin,
                needed=given.preferences,
                votes_per_task=given.votes_per_task,
                alpha=alpha,
            )
        )

    def next_for(self, reviewer: str, epoch: int, said: Sequence[Preference]) -> ReviewTask | None:
        """
        Return what a reviewer may compare next; None if there is nothing for them.

        Tasks that others began come first, so that they count; the order of the others is drawn.

        Args:
            reviewer: Who asks.
            epoch: The trial's.
            said: All that was said in this epoch.

        """
        mine = {each.task for each in said if each.reviewer == reviewer}
        votes = Counter(each.task for each in said if each.choice is not Choice.SKIP)
        waiting = [
            task
            for name, task in self._tasks.items()
            if name not in mine and votes[name] < self._wanted(name) and self._may(reviewer, task)
        ]
        if not waiting:
            return None
        first = min(waiting, key=lambda task: (votes[task.id] == 0, self._place("order", task.id)))
        return self._shown(first, reviewer, epoch)

    def refuse_unless_due(
        self, task: ExchangeId, reviewer: str, said: Sequence[Preference]
    ) -> None:
        """
        Check that a reviewer may speak of a task.

        Raises:
            RefusedError: If there is no such task, it is for others, or they spoke of it before.

        """
        recorded = self._tasks.get(task)
        if recorded is None:
            msg = "there is no such task: ask for the next one"
            raise RefusedError(msg)
        if not self._may(reviewer, recorded):
            msg = f"task {task} is for experts only, and {reviewer} is none of them"
            raise RefusedError(msg)
        if any((each.task, each.reviewer) == (task, reviewer) for each in said):
            msg = f"{reviewer} has compared task {task} already: ask for the next one"
            raise RefusedError(msg)

    def choice(self, task: ExchangeId, reviewer: str, epoch: int, said: Said) -> Choice:
        """Say which model is meant by left or right."""
        if said in _AS_SAID:
            return _AS_SAID[said]
        is_left = said is Said.LEFT
        return (
            Choice.BASELINE
            if is_left == self._swapless(task, reviewer, epoch)
            else Choice.OPTIMIZED
        )

    def standing(self, said: Sequence[Preference]) -> ReviewStanding:
        """Say what is proven."""
        return self._review.standing(said)

    def result(self, standing: ReviewStanding, said: Sequence[Preference]) -> GateResult:
        """Return what the trial is told once it is proven."""
        voted = [each for each in said if each.choice is not Choice.SKIP]
        reviewers = {each.reviewer for each in voted}
        choices = Counter(each.choice.value for each in voted)
        return GateResult(
            phase=Phase.SIDE_BY_SIDE,
            grade=standing.grade,
            sentence=standing.sentence,
            reporter=f"{len(reviewers)} reviewers",
            data={
                "comparisons": standing.tasks,
                "score": standing.score,
                "interval": list(standing.interval),
                "agreement": standing.agreement,
                "choices": dict(sorted(choices.items())),
                "margin": self._given.margin,
            },
        )

    # --- small things ---

    def _wanted(self, task: ExchangeId) -> int:
        """Return how many votes a task should have: on some one more, to see how people agree."""
        overlaps = self._place("overlap", task) < self._given.overlap * SPAN
        return self._given.votes_per_task + overlaps

    def _may(self, reviewer: str, task: Recorded) -> bool:
        experts = self._given.experts
        return all(reviewer in experts[name] for name in task.slices if name in experts)

    def _place(self, what: str, task: ExchangeId) -> int:
        return place(self._salt, f"{what}\x00{task}".encode())

    def _swapless(self, task: ExchangeId, reviewer: str, epoch: int) -> bool:
        """Does the baseline's answer stand on the left?"""
        key = f"{epoch}\x00{task}\x00{reviewer}"
        return place(self._salt, key.encode()) < SPAN // 2

    def _shown(self, task: Recorded, reviewer: str, epoch: int) -> ReviewTask:
        left, right = _parts(task.baseline), _parts(task.optimized)
        if not self._swapless(task.id, reviewer, epoch):
            left, right = right, left
        return ReviewTask(
            id=task.id,
            question={name: getattr(task.question, name) for name in _ASKED},
            left=left,
            right=right,
            slices=tuple(sorted(task.slices - {EVERYTHING})),
        )


def _parts(reply: Reply) -> Mapping[str, Any]:
    """Return what a person compares, and nothing that tells which model it is."""
    if reply.answer is None:
        return {"outcome": reply.outcome.value}
    told = {name: getattr(reply.answer, name) for name in _SHOWN}
    shown: Mapping[str, Any] = msgspec.to_builtins(
        {name: value for name, value in told.items() if value != _EMPTY[name]}
    )
    return shown


def _tasks(
    settings: Settings, trial_id: TrialId, given: ReviewSettings
) -> Mapping[ExchangeId, Recorded]:
    tasks = recorded_pairs(settings, trial_id, Path(given.pairs))
    if len(tasks) > _TASKS_MAX or len(tasks) < given.preferences:
        msg = (
            f"review.pairs: {given.pairs} has {len(tasks)} pairs: give {given.preferences} to "
            f"{_TASKS_MAX}, each with an id of its own"
        )
        raise RefusedError(msg)
    return tasks
