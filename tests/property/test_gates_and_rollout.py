"""What other controllers are let pass, our own rollout would not hold back."""

from __future__ import annotations

import asyncio
import contextlib
import re

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowmon.daemon.control import Control
from shadowmon.daemon.portrait import portrait
from shadowmon.errors import RefusedError, StoreError
from shadowmon.gates.standing import FRESH, Word, standing
from shadowmon.policy.settings import OnComplaints
from shadowmon.records import (
    Arm,
    Decision,
    Feedback,
    FeedbackKind,
    Grade,
    Operation,
    Phase,
    TrialId,
    Weight,
)
from shadowmon.rollout.course import Course, Facts
from shadowmon.rollout.freeze import Freeze, Hold
from shadowmon.rollout.ladder import IN_SHADOW, Ladder
from shadowmon.rollout.machine import step
from shadowmon.rollout.transitions import Move
from shadowmon.rollout.windows import DAYS, Window
from shadowmon.trial.feedback import FeedbackRule
from shadowmon.view import DaemonView, TrialView
from tests.factories import NOON
from tests.trials import INT8, a_course, a_ladder, a_plan
from tests.views import a_trial_view, a_verdict, a_view
from tests.worlds import World


INT4 = TrialId("int4")
SHUT = Window(days=DAYS, begin=time(8), end=time(9), zone="UTC")
OPEN = Window(days=DAYS, begin=time(11), end=time(13), zone="UTC")
UNWATCHED = (Phase.BENCHMARK, Phase.SIDE_BY_SIDE, Phase.ROLLED_BACK)
OF_OUR_LADDER = re.compile(r"\d+ of \d+ (pairs|s) in this stage")


def mostly(usual, *others):
    """Draw what is in nobody's way nine times of ten, so that some views do pass."""
    return st.integers(0, 9).flatmap(
        lambda drawn: st.sampled_from([usual, *others]) if drawn == 0 else st.just(usual)
    )


@st.composite
def ladders(draw) -> Ladder:
    """Draw a ladder of three rungs, of which any may wait for a person."""
    ladder = a_ladder(1, 10, 100, min_pairs=draw(st.sampled_from([0, 100])), min_dwell_seconds=60)
    asking = draw(mostly((False, False, False), (True, False, True), (False, True, False)))
    stages = zip(ladder.stages, asking, strict=True)
    return replace(ladder, stages=tuple(replace(each, needs_approval=yes) for each, yes in stages))


@st.composite
def courses(draw) -> Course:
    """Draw the rules of a rollout."""
    return Course(
        ladder=draw(ladders()),
        cooldown_seconds=60,
        phases=(Phase.BENCHMARK, Phase.SIDE_BY_SIDE, Phase.SHADOWING),
        may_climb=draw(mostly(True, False)),
        windows=draw(mostly((), (SHUT,), (SHUT, OPEN))),
    )


@st.composite
def trials(draw) -> TrialView:
    """Draw a trial that often has nothing in its way."""
    course, index = draw(courses()), draw(st.integers(IN_SHADOW, 2))
    weight = course.ladder.weight(index)
    phases = {IN_SHADOW: Phase.SHADOWING, 2: Phase.PROMOTED}
    view = a_trial_view()
    state = replace(
        view.state,
        phase=draw(mostly(phases.get(index, Phase.PROGRESSING), *UNWATCHED)),
        paused=draw(mostly(False, True)),
        stage_index=index,
        desired_weight=weight,
        applied_weight=draw(mostly(weight, None, Weight(5000))),
        entered_stage_at=NOON - timedelta(seconds=draw(st.sampled_from([0, 59, 60, 600]))),
        cooldown_until=draw(mostly(None, NOON, NOON + timedelta(seconds=1))),
        approved_index=draw(mostly(None, 0, 1, 2)),
        approved_until=draw(mostly(None, NOON, NOON + timedelta(seconds=1))),
        drifted=draw(mostly(False, True)),
    )
    verdict = a_verdict(
        grade=draw(mostly(Grade.ACCEPT, *Grade)),
        decision=draw(mostly(Decision.PROMOTE, *Decision)),
        decided_at=NOON - draw(mostly(timedelta(0), FRESH, 2 * FRESH)),
    )
    return replace(
        view,
        course=course,
        state=state,
        verdict=draw(mostly(verdict, None)),
        pairs_in_stage=draw(st.sampled_from([0, 99, 100, 200])),
        objection=draw(mostly("", "complaints increased")),
    )


@st.composite
def views(draw) -> DaemonView:
    """Draw a daemon with one trial, and sometimes another one on the same route."""
    trial = draw(trials())
    weight = draw(mostly(Weight(0), Weight(100)))
    other = replace(
        a_trial_view(),
        trial_id=INT4,
        state=replace(
            trial.state, trial_id=INT4, desired_weight=weight, applied_weight=weight, paused=False
        ),
    )
    freeze = Freeze(since=NOON, operator="ann", reason="incident 4711")
    return a_view(
        *draw(st.permutations([trial, other])),
        at=NOON - draw(mostly(timedelta(0), FRESH, 2 * FRESH)),
        store_problem=draw(mostly("", "the disk is full")),
        freeze=draw(mostly(None, freeze)),
    )


def facts_of(view: DaemonView, trial: TrialView) -> Facts:
    """Return what the control loop tells our own rollout at a tick."""
    holders = [
        each.trial_id
        for each in view.trials
        if each.route == trial.route and (each.state.desired_weight or each.state.applied_weight)
    ]
    return Facts(
        now=NOON,
        pairs_in_stage=trial.pairs_in_stage,
        route_holder=holders[0] if holders else None,
        frozen=view.freeze.sentence if view.freeze else "",
        complaints=trial.objection,
    )


def at_leisure(trial: TrialView, facts: Facts) -> tuple[TrialView, Facts]:
    """Return the same after as long, and as many pairs, as a stage of our ladder asks for."""
    if trial.state.stage_index == IN_SHADOW:
        return trial, facts
    state = replace(trial.state, entered_stage_at=NOON - timedelta(days=1))
    return replace(trial, state=state), replace(facts, pairs_in_stage=1_000_000)


@given(views())
def test_what_a_gate_lets_pass_our_own_rollout_would_climb(view):
    """A pass means a climb of ours, but for how long a stage of our own ladder lasts."""
    trial = next(each for each in view.trials if each.trial_id == INT8)
    found = standing(view, INT8, now=NOON)
    assert found is not None
    if found.word is not Word.PASS:
        return

    trial, facts = at_leisure(trial, facts_of(view, trial))

    assert trial.verdict is not None
    after = step(trial.state, trial.verdict.decision, course=trial.course, facts=facts)
    assert view.store_problem == after.blocked == ""
    assert after.move is (None if trial.state.phase is Phase.PROMOTED else Move.CLIMB)


@given(views())
def test_where_our_own_rollout_would_climb_a_gate_lets_pass(view):
    """Nothing holds the others that would not hold us, but for news that are too old: of more than
    a minute ago, or of the stage before."""
    trial = next(each for each in view.trials if each.trial_id == INT8)
    decision = trial.verdict.decision if trial.verdict else Decision.HOLD
    after = step(trial.state, decision, course=trial.course, facts=facts_of(view, trial))
    is_old = NOON - min(view.at, trial.verdict.decided_at if trial.verdict else NOON) > FRESH
    is_accepted = trial.verdict is not None and trial.verdict.grade is Grade.ACCEPT
    entered = trial.state.entered_stage_at
    is_old = is_old or (trial.verdict is not None and trial.verdict.decided_at <= entered)
    found = standing(view, INT8, now=NOON)

    if after.move is Move.CLIMB and is_accepted and not is_old and not view.store_problem:
        assert found is not None
        assert found.word is Word.PASS


# --- the same of a control loop that runs ---

GOOD, BAD = (10, 0, 0, 290, 0), (0, 0, 80, 220, 0)
NO_ERRORS = (1000, 0, 0, 0, 0)
ACTIONS = st.lists(
    st.sampled_from(
        [
            *["good"] * 4,
            *["errors"] * 4,
            "bad",
            "complaints",
            "later",
            "store down",
            "store up",
            "store up",
            Operation.PAUSE,
            Operation.RESUME,
            Operation.RESUME,
            Operation.APPROVE,
            Operation.RE_ARM,
            Hold.FREEZE,
            Hold.UNFREEZE,
            Hold.UNFREEZE,
        ]
    ),
    min_size=4,
    max_size=14,
)
COURSES = st.sampled_from(
    [
        a_course(1, 10, 100),
        a_course(1, 10, 100, min_pairs=500, min_dwell_seconds=30),
        replace(a_course(1, 100), may_climb=False),
        replace(a_course(1, 100), windows=(SHUT,)),
        replace(
            a_course(1, 100),
            ladder=replace(
                a_ladder(1, 100),
                stages=tuple(
                    replace(each, needs_approval=True) for each in a_ladder(1, 100).stages
                ),
            ),
        ),
    ]
)


class Told:
    """A control loop that is told what a list of actions says."""

    def __init__(self, course: Course) -> None:
        rule = FeedbackRule(rise=0.1, climb=OnComplaints.UNLESS_INCREASED, alpha=0.05)
        self.world = World(a_plan(course=course, feedback=rule))
        self.counted: dict[tuple[str, int], tuple[int, ...]] = {}

    @property
    def control(self) -> Control:
        """The control loop."""
        return self.world.control

    async def tell(self, action: str | Operation | Hold) -> None:
        """Do one thing; what is refused is refused."""
        match action:
            case "good" | "bad":
                self._count("correct", GOOD if action == "good" else BAD)
            case "errors":
                self._count("error", NO_ERRORS)
            case "complaints":
                complaint = Feedback(kind=FeedbackKind.COMPLAINT, trial_id=INT8, arm=Arm.OPTIMIZED)
                self.control.feel([complaint] * 300)
            case "later":
                await self.world.clock.sleep(30)
            case "store down" | "store up":
                self.world.store.broken = action == "store down"
            case Hold():
                await self._ask(self.control.hold(action, operator="ann", reason="why"))
            case Operation():
                await self._ask(self.control.ask(INT8, action, operator="ann", reason="why"))
            case _:
                pytest.fail(f"no such action: {action}")

    async def _ask(self, asked) -> None:
        with contextlib.suppress(RefusedError, StoreError):
            await asked

    def _count(self, metric: str, counts: tuple[int, ...]) -> None:
        state = self.world.state
        key = (metric, state.stage_count if metric == "error" else -state.epoch)
        before = self.counted.get(key, (0,) * len(counts))
        self.counted[key] = tuple(a + b for a, b in zip(before, counts, strict=True))
        self.world.count(metric, self.counted[key])

    def picture(self, now: datetime) -> DaemonView:
        """Draw what the daemon would show now."""
        return a_view(
            portrait(self.control.trials[INT8], 0),
            at=now,
            store_problem=self.control.store_problem,
            freeze=self.control.freezing.freeze,
        )


def has_just_climbed(told: Told) -> bool:
    """Is the newest verdict the one that our own rollout has climbed on?"""
    memory = told.control.trials[INT8].memory
    return memory.verdict is not None and memory.verdict.decided_at == memory.state.entered_stage_at


async def held_after_a_pass(course: Course, actions) -> list[str]:
    """Return what our own rollout waited for at each tick before which a gate let pass."""
    told, waited = Told(course), []
    await told.world.begin()
    for action in actions:
        await told.tell(action)
        if action in {"good", "bad", "errors", "complaints"}:
            await told.world.tick()  # what is counted is not shown before it is committed
        now = told.world.clock.now()
        found, climbed = standing(told.picture(now), INT8, now=now), has_just_climbed(told)
        await told.control.tick()
        memory = told.control.trials[INT8].memory
        if found is not None and found.word is Word.PASS and not climbed:
            assert memory.verdict is not None
            decision = memory.verdict.decision
            waited.append(memory.blocked if decision is Decision.PROMOTE else decision)
    return waited


@settings(max_examples=60)
@given(COURSES, ACTIONS)
def test_a_control_loop_would_not_hold_what_a_gate_lets_pass(course, actions):
    """A pass is a climb of the tick before or after it, but for a stage of our own ladder."""
    for waited_for in asyncio.run(held_after_a_pass(course, actions)):
        assert not waited_for or OF_OUR_LADDER.fullmatch(waited_for), waited_for
