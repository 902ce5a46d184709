"""
step(state, trigger) -> what becomes of it.

Same state, same trigger, same answer: no clock, no I/O, no randomness, no log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shadowmon.records import (
    NO_TRAFFIC,
    Decision,
    Grade,
    Operation,
    Phase,
    RolloutState,
    TrialId,
)
from shadowmon.rollout.course import Course, Facts
from shadowmon.rollout.ladder import IN_SHADOW
from shadowmon.rollout.obstacles import why_not_climb
from shadowmon.rollout.transitions import PAUSES, Move, Trigger, move_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of a trigger."""

    state: RolloutState
    move: Move | None = None
    """The row that was walked; None if nothing moved."""
    blocked: str = ""
    """Why a climb that the table allows did not happen."""


def step(state: RolloutState, trigger: Trigger, *, course: Course, facts: Facts) -> Step:
    """
    Walk one row of the table.

    Args:
        state: Where the rollout stands.
        trigger: A verdict's decision, or what an operator asked.
        course: The stages to climb.
        facts: The time, and what was counted in this stage.
    """
    move = move_of(state.phase, trigger)
    if move is None:
        return Step(state=_resumed_or_paused(state, trigger))
    return _DO[move](state, course, facts)


def _dropped(state: RolloutState, course: Course, facts: Facts) -> Step:
    return _moved(state, Move.DROP, IN_SHADOW, Phase.ROLLED_BACK, course=course, facts=facts)


def _climbed(state: RolloutState, course: Course, facts: Facts) -> Step:
    blocked = why_not_climb(state, course=course, facts=facts)
    if blocked:
        return Step(state=state, blocked=blocked)
    index = state.stage_index + 1
    phase = Phase.PROMOTED if course.ladder.is_last(index) else Phase.PROGRESSING
    return _moved(state, Move.CLIMB, index, phase, course=course, facts=facts)


def _stepped_down(state: RolloutState, course: Course, facts: Facts) -> Step:
    cooling = state.cooldown_until is not None and facts.now < state.cooldown_until
    once_only = state.stepped_down and facts.grade is Grade.BORDERLINE
    if cooling or once_only:
        return Step(state=state)
    index = state.stage_index - 1
    phase = Phase.SHADOWING if index == IN_SHADOW else Phase.PROGRESSING
    moved = _moved(state, Move.STEP_DOWN, index, phase, course=course, facts=facts)
    until = facts.now + timedelta(seconds=course.cooldown_seconds)
    return replace(moved, state=replace(moved.state, cooldown_until=until, stepped_down=True))


def _advanced(state: RolloutState, course: Course, facts: Facts) -> Step:
    phase = course.phases[course.phases.index(state.phase) + 1]
    moved = replace(state, phase=phase, entered_stage_at=facts.now)
    return Step(state=moved, move=Move.ADVANCE)


def _approved(state: RolloutState, course: Course, facts: Facts) -> Step:
    index = state.stage_index + 1
    if not course.ladder.stage(index).needs_approval:
        return Step(state=state)
    agreed = replace(state, approved_index=index, approved_until=facts.expires_at)
    return Step(state=agreed, move=Move.APPROVE)


def _re_armed(state: RolloutState, course: Course, facts: Facts) -> Step:
    fresh = replace(state, epoch=state.epoch + 1)
    return _moved(fresh, Move.RE_ARM, IN_SHADOW, course.phases[0], course=course, facts=facts)


def _moved(
    state: RolloutState, move: Move, index: int, phase: Phase, *, course: Course, facts: Facts
) -> Step:
    moved = replace(
        state,
        phase=phase,
        stage_index=index,
        stage_count=state.stage_count + 1,
        desired_weight=course.ladder.weight(index),
        entered_stage_at=facts.now,
        cooldown_until=None,
        stepped_down=False,
        approved_index=None,
        approved_until=None,
        drifted=False,
    )
    return Step(state=moved, move=move)


_DO: Mapping[Move, Callable[[RolloutState, Course, Facts], Step]] = {
    Move.ADVANCE: _advanced,
    Move.APPROVE: _approved,
    Move.CLIMB: _climbed,
    Move.STEP_DOWN: _stepped_down,
    Move.DROP: _dropped,
    Move.RE_ARM: _re_armed,
}


def _resumed_or_paused(state: RolloutState, trigger: Trigger) -> RolloutState:
    if isinstance(trigger, Decision):
        return state
    paused = PAUSES.get((state.paused, trigger), state.paused)
    drifted = state.drifted and trigger is not Operation.RESUME
    return replace(state, paused=paused, drifted=drifted)


def begin(
    trial_id: TrialId, *, now: datetime, epoch: int = 1, phase: Phase = Phase.SHADOWING
) -> RolloutState:
    """Return where a rollout begins: in its first phase, with no weight."""
    return RolloutState(
        trial_id=trial_id,
        epoch=epoch,
        phase=phase,
        paused=False,
        stage_index=IN_SHADOW,
        stage_count=1,
        desired_weight=NO_TRAFFIC,
        applied_weight=None,
        entered_stage_at=now,
    )
