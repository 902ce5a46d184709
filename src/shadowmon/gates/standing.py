"""
Where a trial stands, in the three words that other controllers know. Pure.

Rule 1: pass needs everything: an accepting verdict, a fresh picture, a journal that can be written,
        an open change window, and nobody who has asked to wait. Whatever is missing or unknown is
        insufficient.
Rule 2: fail outlives everything: neither a store that is down nor a picture that is old takes it
        back, for down needs nobody.
Rule 3: there is always a number, and it is finite. While nothing is measured it is the worst one,
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
from shadowmon.rollout.windows import opens_at, shut
from shadowmon.view import DaemonView, TrialView


class Word(enum.StrEnum):
    """What others are told."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INSUFFICIENT = "insufficient"


WORST = 1.0
"""A loss of everything: what is told while the figure is not known."""
FRESH = timedelta(seconds=60)
"""A picture is drawn with each tick; one that is older tells that nobody ticks."""

_FAILED = frozenset((Grade.REJECT, Grade.RED_LINE))
_BEFORE_THE_SHADOW = frozenset((Phase.BENCHMARK, Phase.SIDE_BY_SIDE))


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
        why = f": {verdict.sentence}" if verdict else ""
        return Word.FAIL, f"rolled back, until a person re-arms it{why}"
    if verdict and (verdict.grade in _FAILED or verdict.decision is Decision.ROLL_BACK):
        return Word.FAIL, verdict.sentence
    return None


def _held(trial: TrialView, view: DaemonView, now: datetime) -> tuple[Word, str] | None:
    why = next(_reasons_to_wait(trial, view, now), None)
    return None if why is None else (Word.INSUFFICIENT, why)


def _reasons_to_wait(trial: TrialView, view: DaemonView, now: datetime) -> Iterator[str]:
    yield from _of_the_daemon(view, now)
    yield from _of_the_rollout(trial, now)
    verdict = trial.verdict
    if verdict is None:
        yield "no verdict yet"
    elif verdict.grade is not Grade.ACCEPT or verdict.decision is not Decision.PROMOTE:
        yield verdict.sentence


def _of_the_daemon(view: DaemonView, now: datetime) -> Iterator[str]:
    if now - view.at > FRESH:
        yield f"nothing was judged since {view.at.isoformat(timespec='seconds')}"
    if view.store_problem:
        yield "the journal cannot be written"
    if view.freeze is not None:
        yield view.freeze.sentence


def _of_the_rollout(trial: TrialView, now: datetime) -> Iterator[str]:
    state = trial.state
    if state.phase in _BEFORE_THE_SHADOW:
        yield f"still in phase {state.phase}"
    if state.paused:
        yield "paused by a person"
    if state.drifted:
        yield "its weight was changed by another hand"
    if state.cooldown_until is not None and now < state.cooldown_until:
        yield "cooling down after a step down"
    if outside := shut(trial.windows, now):
        yield f"{outside}: {_next_opening(trial, now)}"
    if _waits_for_approval(trial, now):
        yield "the next stage waits for a person's approval"


def _next_opening(trial: TrialView, now: datetime) -> str:
    moment = opens_at(trial.windows, now)
    if moment is None:
        return "none of them ever opens"
    return f"the next one opens at {moment.isoformat(timespec='minutes')}"


def _waits_for_approval(trial: TrialView, now: datetime) -> bool:
    state, following = trial.state, trial.state.stage_index + 1
    if following >= len(trial.stages) or not trial.stages[following].needs_approval:
        return False
    expired = state.approved_until is not None and now >= state.approved_until
    return state.approved_index != following or expired


def _said(trial: TrialView) -> str:
    return trial.verdict.sentence if trial.verdict else ""


def _value(trial: TrialView) -> float:
    for figure in trial.figures:
        if figure.metric.name == trial.primary and figure.slice == EVERYTHING:
            upper = figure.upper
            return upper if upper is not None and math.isfinite(upper) else WORST
    return WORST
