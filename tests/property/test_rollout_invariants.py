"""What no sequence of triggers may ever do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.records import NO_TRAFFIC, Decision, Grade, Operation, Phase
from shadowmon.rollout.course import Facts
from shadowmon.rollout.machine import step
from tests.factories import NOON
from tests.trials import a_course, a_state


COURSE = a_course(1, 5, 25, 50, 100, min_pairs=10)
TRIGGERS = st.lists(
    st.tuples(
        st.sampled_from([*Decision, *Operation]),
        st.integers(0, 20),
        st.sampled_from(list(Grade)),
        st.booleans(),
    ),
    max_size=40,
)


def run(triggers):
    """Yield each trigger, the state before and after; the weight is applied where it says so."""
    state = a_state(NOON)
    for number, (trigger, pairs, grade, applied) in enumerate(triggers):
        now = NOON + timedelta(seconds=10 * number)
        facts = Facts(now=now, pairs_in_stage=pairs, grade=grade)
        after = step(state, trigger, course=COURSE, facts=facts).state
        yield trigger, state, after
        state = replace(after, applied_weight=after.desired_weight) if applied else after


@given(TRIGGERS)
def test_weight_rises_only_on_promote_and_only_one_stage(triggers):
    """No trigger but PROMOTE ever gives the optimized model more, and never two stages more."""
    rungs = [NO_TRAFFIC, *(stage.weight for stage in COURSE.ladder.stages)]
    for trigger, before, after in run(triggers):
        if after.desired_weight > before.desired_weight:
            assert trigger is Decision.PROMOTE
            assert not before.paused
            assert rungs.index(after.desired_weight) == rungs.index(before.desired_weight) + 1


@given(TRIGGERS)
def test_only_a_person_leaves_rolled_back(triggers):
    """Nothing but RE_ARM moves a trial that was rolled back, and that opens a new epoch."""
    for trigger, before, after in run(triggers):
        if before.phase is Phase.ROLLED_BACK and after.phase is not Phase.ROLLED_BACK:
            assert trigger is Operation.RE_ARM
            assert after.epoch == before.epoch + 1


@given(TRIGGERS)
def test_a_stage_has_one_number(triggers):
    """The stage's number grows exactly when the stage is entered anew."""
    for _, before, after in run(triggers):
        entered = after.entered_stage_at != before.entered_stage_at or (
            after.stage_index != before.stage_index
        )
        assert after.stage_count - before.stage_count == int(
            entered or after.phase is not before.phase
        )


@given(TRIGGERS)
def test_same_triggers_same_end(triggers):
    """The machine is a function: a replay ends where the run did."""
    assert list(run(triggers)) == list(run(triggers))
    for (_, _, after), (_, before, _) in pairwise(run(triggers)):
        assert replace(after, applied_weight=None) == replace(before, applied_weight=None)
