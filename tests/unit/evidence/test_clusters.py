from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shadowmon.evidence.clusters import Clusters
from shadowmon.evidence.ledger import Ledger
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Score,
    SliceName,
    TrialId,
    Worse,
)
from tests.factories import NOON, a_pair


CORRECT, APART, UNSAFE = MetricName("correct"), MetricName("apart"), MetricName("unsafe")
LONG = SliceName("long")
JUDGED = MetricName("judged")


def later(seconds: float):
    return NOON + timedelta(seconds=seconds)


def clusters(**changes: Any) -> Clusters:
    given: dict[str, Any] = {
        "any_of": [UNSAFE],
        "idle": timedelta(seconds=60),
        "lasting": timedelta(seconds=600),
        "length_max": 50,
        "open_max": 1000,
    }
    return Clusters(**(given | changes))


def a_score(*observations: Observation, cluster: str = "ann", **changes: Any) -> Score:
    return Score(pair=a_pair(cluster=cluster, **changes), observations=observations)


def add(waiting: Clusters, score: Score, now: datetime) -> None:
    waiting.add(score.pair, score.observations, now)


def correct(baseline: bool, optimized: bool) -> Observation:
    return Observation(metric=CORRECT, baseline=baseline, optimized=optimized)


def unsafe(baseline: bool, optimized: bool) -> Observation:
    return Observation(metric=UNSAFE, baseline=baseline, optimized=optimized)


def apart(distance: float) -> Observation:
    return Observation(metric=APART, distance=distance)


def collapsed(*members: tuple[Observation, ...]) -> dict[MetricName, Observation]:
    waiting = clusters()
    for member in members:
        add(waiting, a_score(*member), NOON)
    (session,) = waiting.close_all()
    return {each.metric: each for each in session.observations}


def test_a_session_is_the_mean_of_its_exchanges():
    """Figures and distances of all its members become one observation each."""
    session = collapsed(
        (correct(True, True), apart(0.0)),
        (correct(True, False), apart(0.5)),
        (correct(False, False), apart(0.25)),
        (correct(True, False), apart(0.25)),
    )

    assert session == {
        CORRECT: Observation(metric=CORRECT, baseline=0.75, optimized=0.25),
        APART: Observation(metric=APART, distance=0.25),
    }


def test_where_one_event_is_too_many_a_session_had_it_or_had_not():
    """Of a metric named so, a session of three with one violation has a violation."""
    session = collapsed((unsafe(False, True),), (unsafe(False, False),), (unsafe(False, False),))

    assert session[UNSAFE] == unsafe(False, True)


def test_a_session_with_a_member_missing_is_missing():
    """What could have been anything is counted as missing, per metric."""
    lost = Observation(metric=APART, missing="timeout")

    session = collapsed((correct(True, True), apart(0.0)), (correct(True, True), lost))

    assert session[APART] == lost
    assert session[CORRECT].baseline == 1


@pytest.mark.parametrize(
    ("seen", "known"),
    [((True, True), True), ((False, True), False), ((False, False), False)],
)
def test_an_event_is_known_despite_missing_members_if_both_models_had_one(seen, known):
    """Nothing that is missing can change that there was one of each."""
    lost = Observation(metric=UNSAFE, missing="timeout")

    session = collapsed((unsafe(*seen),), (lost,))

    assert session[UNSAFE] == (unsafe(*seen) if known else lost)


def test_a_session_closes_when_nothing_came_for_a_while():
    """It waits for its idle time after the last exchange, not the first."""
    waiting = clusters()
    add(waiting, a_score(apart(0.0)), NOON)
    add(waiting, a_score(apart(0.5)), later(50))

    assert waiting.close_due(later(109)) == []
    assert len(waiting.close_due(later(110))) == 1
    assert len(waiting) == 0


def test_what_comes_after_the_idle_time_is_another_session():
    """Though nobody asked in between, a late exchange does not join."""
    waiting = clusters()
    add(waiting, a_score(apart(0.0)), NOON)
    add(waiting, a_score(apart(0.5)), later(61))

    distances = [each.observations[0].distance for each in waiting.close_all()]

    assert distances == [0.0, 0.5]


@pytest.mark.parametrize(
    "changes", [{"length_max": 2}, {"lasting": timedelta(seconds=15)}], ids=["length", "lasting"]
)
def test_a_session_is_cut_when_it_is_long_enough(changes):
    """After so many exchanges or so much time the same user's next exchange opens another one."""
    waiting = clusters(**changes)
    for second in (0, 10, 20, 30):
        add(waiting, a_score(apart(0.0)), later(second))

    assert len(waiting) == 2


def test_sessions_are_counted_in_the_order_in_which_they_opened():
    """One that closed sooner waits for those before it: how long they take must not matter."""
    waiting = clusters()
    add(waiting, a_score(apart(0.1), cluster="slow"), NOON)
    add(waiting, a_score(apart(0.2), cluster="quick"), later(1))
    add(waiting, a_score(apart(0.3), cluster=""), later(2))
    add(waiting, a_score(apart(0.1), cluster="slow"), later(59))

    assert waiting.close_due(later(100)) == []
    distances = [each.observations[0].distance for each in waiting.close_due(later(119))]
    assert distances == [0.1, 0.2, 0.3]


def test_an_exchange_on_its_own_is_a_session_of_one():
    """Without a key nothing is gathered, and it is due at once."""
    waiting = clusters()
    for distance in (0.1, 0.2):
        add(waiting, a_score(apart(distance), cluster=""), NOON)

    done = waiting.close_due(NOON)

    assert [each.observations for each in done] == [(apart(0.1),), (apart(0.2),)]


def test_too_many_open_sessions_close_the_oldest():
    """What waits is bounded."""
    waiting = clusters(open_max=2)
    for number in range(4):
        add(waiting, a_score(apart(number / 4), cluster=str(number)), NOON)

    done = waiting.close_due(NOON)

    assert [each.observations[0].distance for each in done] == [0.0, 0.25]
    assert len(waiting) == 2


def test_each_slice_has_the_mean_of_its_own_members():
    """A session whose exchanges lie in different slices is one observation in each of them."""
    waiting = clusters()
    add(waiting, a_score(apart(0.0)), NOON)
    add(waiting, a_score(apart(1.0), slices=frozenset({EVERYTHING, LONG})), NOON)

    found = {
        name: session.observations[0].distance
        for session in waiting.close_all()
        for name in session.slices
    }

    assert found == {EVERYTHING: 0.5, LONG: 1.0}


@pytest.mark.parametrize(
    "changes", [{"stage": 2}, {"epoch": 2}, {"rate": 500}, {"trial_id": TrialId("other")}]
)
def test_what_is_counted_apart_is_gathered_apart(changes):
    """A session ends where its trial's epoch, stage or sampling rate does."""
    waiting = clusters()
    add(waiting, a_score(apart(0.0)), NOON)
    add(waiting, a_score(apart(1.0), **changes), NOON)

    assert len(waiting.close_all()) == 2


def test_a_session_is_counted_like_a_pair():
    """The ledger takes it under the cells of its exchanges; a mean of verdicts is a score."""
    metric = Metric(
        name=CORRECT,
        kind=MetricKind.SCORES,
        worse=Worse.LOWER,
        held_to=((Contrast.RELATIVE_DROP, 0.0),),
        sentence="right",
    )
    ledger, waiting = Ledger({CORRECT: metric}), clusters()
    add(waiting, a_score(correct(True, True), rate=500), NOON)
    add(waiting, a_score(correct(True, False), rate=500), NOON)

    for session in waiting.close_all():
        ledger.count(session, session.observations)

    ((cell, counts),) = ledger.totals().items()
    assert cell == Cell(
        trial_id=TrialId("int8"), epoch=1, stage=0, metric=CORRECT, slice=EVERYTHING, rate=500
    )
    assert counts[-3:] == (32768, 16384, 0)


def test_what_a_judge_saw_of_a_session_is_counted_at_its_rate():
    """The judged exchanges of a session are one figure; all of them are, for other metrics."""
    waiting = clusters()
    add(waiting, a_score(apart(0.0)), NOON)
    for distance in (0.25, 0.75):
        judged = Observation(metric=JUDGED, distance=distance, rate=1_000)
        add(waiting, a_score(apart(0.75), judged), NOON)

    (session,) = waiting.close_all()

    assert {seen.metric: (seen.distance, seen.rate) for seen in session.observations} == {
        APART: (0.5, 10_000),
        JUDGED: (0.5, 1_000),
    }


def test_what_is_judged_at_two_rates_is_two_figures():
    """Each is counted in the cells of its own rate."""
    waiting = clusters()
    for rate in (1_000, 1_000, 5_000):
        add(waiting, a_score(Observation(metric=JUDGED, distance=rate / 10_000, rate=rate)), NOON)

    (session,) = waiting.close_all()

    assert {seen.rate: seen.distance for seen in session.observations} == {1_000: 0.1, 5_000: 0.5}
