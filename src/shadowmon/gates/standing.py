"""
Where a trial stands, in the three words that other controllers know. Pure.

Rule 1: pass needs everything: a fresh verdict that accepts, a journal that can be written, and none
        of the obstacles that our own rollout waits for (rollout/obstacles.py), but for those of its
        own ladder. Whatever is missing or unknown is insufficient.
Rule 2: fail outlives everything: neither a store that is down nor a picture that is old takes it
        back, for down needs nobody.
Rule 3: a verdict that a stage was climbed by is used up: a pass needs one of the stage that is.
Rule 4: there is always a number, and it is finite. While nothing is measured it is the worst one,
        so that no condition on it ever holds for want of evidence.
"""

from __future__ import annotations

import enum
import math

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shadowmon.records import EVERYTHING, Decision, Grade, Phase, TrialId
from shadowmon.rollout.course import Facts
from shadowmon.rollout.obstacles import why_not_elsewhere
from shadowmon.rollout.routes import holder_of
from shadowmon.rollout.transitions import WATCHED
from shadowmon.view import DaemonView, TrialView


class Word(enum.StrEnum):
    """What others are told."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INSUFFICIENT = "insufficient"


WORST = 1.0
"""A loss of everything: what is told while the figure is not known."""
FRESH = timedelta(seconds=60)
"""A picture is drawn, and each trial judged, with each tick; what is older tells that nobody ticks,
or that a trial could not be judged."""

_FAILED = frozenset((Grade.REJECT, Grade.RED_LINE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One trial, as others read it."""

    trial_id: TrialId
    word: Word
    sentence: str
    value: float
    """Upper end of the primary metric's interval over all traffic: the loss that is not yet
    excluded. A positive figure is worse."""
    grade: Grade
    phase: Phase
    version: str
    pairs: int

    def told(self) -> dict[str, Any]:
        """Return it as JSON without a null."""
        return {
            "trial": self.trial_id,
            "verdict": self.word.value,
            "value": self.value,
            "sentence": self.sentence,
            "grade": self.grade.value,
            "phase": self.phase.value,
            "version": self.version,
            "pairs": self.pairs,
        }


def standing(view: DaemonView, trial_id: str, *, now: datetime) -> Standing | None:
    """Say where a trial stands; None if no trial is called so."""
    for trial in view.trials:
        if trial.trial_id == trial_id:
            return _of(trial, view, now)
    return None


def about(found: Standing, version: str) -> Standing:
    """
    Return what a standing says of one version of the optimized model.

    Args:
        found: A trial's standing.
        version: That is being rolled out; empty: whichever the trial judges.
    """
    if not version or version == found.version:
        return found
    sentence = f"version {found.version} is judged, and another one is being rolled out"
    return replace(found, word=Word.INSUFFICIENT, sentence=sentence, value=WORST)


def _of(trial: TrialView, view: DaemonView, now: datetime) -> Standing:
    word, sentence = _failed(trial) or _held(trial, view, now) or (Word.PASS, _said(trial))
    return Standing(
        trial_id=trial.trial_id,
        word=word,
        sentence=sentence,
        value=_value(trial),
        grade=trial.verdict.grade if trial.verdict else Grade.WAIT,
        phase=trial.state.phase,
        version=trial.version,
        pairs=trial.pairs,
    )


def _failed(trial: TrialView) -> tuple[Word, str] | None:
    verdict = trial.verdict
    if trial.state.phase is Phase.ROLLED_BACK:
        by_evidence = verdict is not None and verdict.decision is Decision.ROLL_BACK
        why = f": {verdict.sentence}" if verdict and by_evidence else ""
        return Word.FAIL, f"rolled back, until a person re-arms it{why}"
    if verdict and (verdict.grade in _FAILED or verdict.decision is Decision.ROLL_BACK):
        return Word.FAIL, verdict.sentence
    return None


def _held(trial: TrialView, view: DaemonView, now: datetime) -> tuple[Word, str] | None:
    why = next(_reasons_to_wait(trial, view, now), None)
    return None if why is None else (Word.INSUFFICIENT, why)


def _reasons_to_wait(trial: TrialView, view: DaemonView, now: datetime) -> Iterator[str]:
    verdict, phase = trial.verdict, trial.state.phase
    if now - view.at > FRESH:
        yield _not_since(view.at)
    if view.store_problem:
        yield "the journal cannot be written"
    if phase not in WATCHED:
        yield f"still in phase {phase}"
    if obstacle := why_not_elsewhere(
        trial.state, course=trial.course, facts=_facts(trial, view, now)
    ):
        yield obstacle
    if verdict is None:
        yield "no verdict yet"
    elif verdict.grade is not Grade.ACCEPT or verdict.decision is not Decision.PROMOTE:
        yield verdict.sentence
    elif verdict.decided_at <= trial.state.entered_stage_at:
        yield "not judged in this stage yet"
    elif now - verdict.decided_at > FRESH:
        yield _not_since(verdict.decided_at)


def _facts(trial: TrialView, view: DaemonView, now: datetime) -> Facts:
    """Return what our own rollout is told at a tick, as of now."""
    return Facts(
        now=now,
        pairs_in_stage=trial.pairs_in_stage,
        route_holder=holder_of(trial.route, ((each.route, each.state) for each in view.trials)),
        frozen=view.freeze.sentence if view.freeze else "",
        complaints=trial.objection,
    )


def _not_since(moment: datetime) -> str:
    return f"nothing was judged since {moment.isoformat(timespec='seconds')}"


def _said(trial: TrialView) -> str:
    return trial.verdict.sentence if trial.verdict else ""


def _value(trial: TrialView) -> float:
    for figure in trial.figures:
        if figure.metric.name == trial.primary and figure.slice == EVERYTHING:
            upper = figure.upper
            return upper if upper is not None and math.isfinite(upper) else WORST
    return WORST
