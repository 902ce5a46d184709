"""
What keeps a rollout from climbing, whatever its verdict says: the only place that knows.

Rule 1: our own rollout heeds every obstacle; so does whoever asks a gate (gates/standing.py), but
        for those of our own ladder. Hence a gate never lets pass what we would hold back.
Rule 2: none of them holds up anything that takes weight away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shadowmon.records import RolloutState
from shadowmon.rollout.course import Course, Facts
from shadowmon.rollout.ladder import IN_SHADOW
from shadowmon.rollout.windows import opens_at, shut


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that is in the way."""

    why: str
    is_of_our_ladder: bool = False
    """How long, and with how many pairs, a stage of ours lasts is nothing to whoever climbs stages
    of his own. What the shadow asks for is everybody's: before it nobody should serve users."""


def obstacles(state: RolloutState, *, course: Course, facts: Facts) -> Iterator[Obstacle]:
    """Give everything that is in the way of a climb, the first that matters first."""
    yield from _asked_for(state, course, facts)
    yield from _of_the_traffic(state, facts)
    yield from _of_the_stage(state, course, facts)
    if outside := shut(course.windows, facts.now):
        yield Obstacle(why=f"{outside}: {_next_opening(course, facts.now)}")
    if facts.complaints:
        yield Obstacle(why=facts.complaints)
    if _lacks_approval(state, course, facts.now):
        yield Obstacle(why="the next stage waits for a person's approval")


def why_not_climb(state: RolloutState, *, course: Course, facts: Facts) -> str:
    """Return what keeps the rollout from climbing whatever the evidence; empty if nothing does."""
    return next((each.why for each in obstacles(state, course=course, facts=facts)), "")


def why_not_elsewhere(state: RolloutState, *, course: Course, facts: Facts) -> str:
    """Return the same for whoever climbs a ladder of his own, and asks us whether he may."""
    found = obstacles(state, course=course, facts=facts)
    return next((each.why for each in found if not each.is_of_our_ladder), "")


def _asked_for(state: RolloutState, course: Course, facts: Facts) -> Iterator[Obstacle]:
    if facts.frozen:
        yield Obstacle(why=facts.frozen)
    if not course.may_climb:
        yield Obstacle(why="climbing is switched off")
    if state.paused:
        yield Obstacle(why="paused by a person")


def _of_the_traffic(state: RolloutState, facts: Facts) -> Iterator[Obstacle]:
    if state.drifted:
        yield Obstacle(why="its weight was changed by another hand: resume to take it back")
    if state.applied_weight != state.desired_weight:
        yield Obstacle(why="the weight is still being applied")
    if facts.route_holder not in {None, state.trial_id}:
        yield Obstacle(why=f"the route's traffic is held by trial {facts.route_holder}")
    if state.cooldown_until is not None and facts.now < state.cooldown_until:
        yield Obstacle(why="cooling down after a step down")


def _of_the_stage(state: RolloutState, course: Course, facts: Facts) -> Iterator[Obstacle]:
    stage, ours = course.ladder.stage(state.stage_index), state.stage_index != IN_SHADOW
    dwelt = (facts.now - state.entered_stage_at).total_seconds()
    if facts.pairs_in_stage < stage.min_pairs:
        pairs = f"{facts.pairs_in_stage} of {stage.min_pairs} pairs in this stage"
        yield Obstacle(why=pairs, is_of_our_ladder=ours)
    if dwelt < stage.min_dwell_seconds:
        seconds = f"{dwelt:.0f} of {stage.min_dwell_seconds:.0f} s in this stage"
        yield Obstacle(why=seconds, is_of_our_ladder=ours)


def _next_opening(course: Course, now: datetime) -> str:
    moment = opens_at(course.windows, now)
    if moment is None:
        return "none of them ever opens"
    return f"the next one opens at {moment.isoformat(timespec='minutes')}"


def _lacks_approval(state: RolloutState, course: Course, now: datetime) -> bool:
    index = state.stage_index + 1
    if index >= len(course.ladder.stages) or not course.ladder.stage(index).needs_approval:
        return False
    until = state.approved_until
    return state.approved_index != index or (until is not None and now >= until)
