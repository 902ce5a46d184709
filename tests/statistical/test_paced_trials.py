"""
What is promised of whole trials, attacked on the way from an exchange to the totals.

Labels that come late, and sooner for wrong answers; answers that come sooner where they are wrong;
a baseline that is held against itself; shards that are cut off, and killed; users of very different
traffic. Every trial stands exactly on its limits, where it may neither climb nor be rolled back,
and is looked at every few exchanges. What is left out of each way is shown to fail.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeAlias

import numpy as np
import pytest

from shadowmon.config.measures import excess_of, floor_of
from shadowmon.daemon.self_check import SelfCheck
from shadowmon.daemon.turns import Turn, Turns
from shadowmon.evidence.floor import excess_bounds
from shadowmon.evidence.settings import DependenceSettings
from shadowmon.records import (
    EVERYTHING,
    Awaiting,
    ExchangeId,
    Label,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Pair,
    RouteName,
    Score,
)
from shadowmon.scoring.truth import digest
from tests.factories import NOON
from tests.paced_trials import (
    ALPHA,
    LIMIT,
    WITHOUT_ERROR,
    End,
    PacedTrial,
    a_trial_on_its_limits,
    verdict,
    wrong_ends,
)
from tests.places import StandingClock
from tests.streams import at_most
from tests.trials import INT8


FEW, MANY = 10, 200
LOOK_EVERY = 40
"""Exchanges between two looks: a whole trial weighs its claims at each."""
SLOWLY = pytest.param(MANY, marks=pytest.mark.slow)
"""The same of many trials, where a smaller excess is seen."""


# --- late labels -----------------------------------------------------------


RIGHT, WRONG = digest("cat"), digest("dog")


def labels_come_sooner_for_wrong_answers(
    generator: np.random.Generator, *, maturity: float, exchanges: int = 1_000
) -> End:
    """One exchange a second; wrong ones are labelled after 10 s, right ones after 100, or never."""
    trial = PacedTrial(a_trial_on_its_limits(), maturity_seconds=maturity)
    due: defaultdict[int, list[Label]] = defaultdict(list)
    for second in range(exchanges):
        is_bad, exchange_id = generator.random() < LIMIT, ExchangeId(str(second))
        pair = trial.a_pair()
        awaiting = Awaiting(
            trial_id=INT8,
            epoch=pair.epoch,
            exchange_id=exchange_id,
            baseline=RIGHT,
            optimized=WRONG if is_bad else RIGHT,
            slices=frozenset({EVERYTHING}),
            received_at=NOON + timedelta(seconds=second),
        )
        trial.labels.expect([awaiting])
        trial.count(pair, [WITHOUT_ERROR], second)
        if is_bad or generator.random() < 0.8:
            comes_at = second + (10 if is_bad else 100)
            due[comes_at].append(Label(exchange_id=exchange_id, label="cat"))
        trial.labels.take(due.pop(second, []))
        if second % LOOK_EVERY == 0:
            trial.tell("w", second)
            if (end := trial.look(second)) is not End.NEITHER:
                return end
    return End.NEITHER


@pytest.mark.parametrize("trials", [FEW, SLOWLY])
def test_labels_that_come_sooner_for_wrong_answers(trials):
    """Counted at maturity, the unlabelled as missing; before it there are only wrong answers."""
    too_soon = partial(labels_come_sooner_for_wrong_answers, maturity=20)
    mature = partial(labels_come_sooner_for_wrong_answers, maturity=300)

    assert wrong_ends(mature, trials) <= at_most(ALPHA, trials)
    assert wrong_ends(too_soon, 10) <= at_most(ALPHA, 10)  # what is missing proves nothing


# --- answers of unequal speed ----------------------------------------------


_Answer: TypeAlias = tuple[ExitStack, Turn, Pair, bool]


def wrong_answers_come_sooner(
    generator: np.random.Generator, *, patience: float, seconds: int = 90
) -> End:
    """Ten exchanges a second; a wrong answer takes 1 s, a right one 20."""
    trial, clock = PacedTrial(a_trial_on_its_limits()), StandingClock()
    turns = Turns(clock, patience_seconds=patience)
    known: defaultdict[int, list[_Answer]] = defaultdict(list)
    for tenth in range(10 * seconds):
        clock.seconds = tenth / 10
        is_bad, block = generator.random() < LIMIT, ExitStack()
        turn = block.enter_context(turns.turn(RouteName("digits")))
        known[tenth + (10 if is_bad else 200)].append((block, turn, trial.a_pair(), is_bad))
        for done, its, pair, bad in known.pop(tenth, []):
            seen = (verdict(bad=bad), WITHOUT_ERROR)
            its.count(partial(trial.count, pair, seen, clock.seconds))
            done.close()
        if tenth % (LOOK_EVERY // 2) == 0:
            trial.tell("w", clock.seconds)
            if (end := trial.look(clock.seconds)) is not End.NEITHER:
                return end
    return End.NEITHER


@pytest.mark.parametrize("trials", [FEW, SLOWLY])
def test_answers_that_come_sooner_where_they_are_wrong(trials):
    """Counted in turn; as they come, the first seconds show wrong answers only."""
    in_turn = partial(wrong_answers_come_sooner, patience=30.0)
    as_they_come = partial(wrong_answers_come_sooner, patience=0.0)

    assert wrong_ends(in_turn, trials) <= at_most(ALPHA, trials)
    assert wrong_ends(as_they_come, 10) > at_most(ALPHA, 10)


# --- a baseline held against itself ----------------------------------------


FAR = MetricName("far")
ASKED_TWICE, FLOOR = 0.2, 0.05


def a_noisy_baseline(generator: np.random.Generator, *, exchanges: int = 1_200) -> End:
    """Both models are unsure of the same requests; of second answers one in ten fails."""
    far = Metric(name=FAR, kind=MetricKind.DIVERGENCE, sentence="How far apart.")
    lower, upper = excess_bounds(ASKED_TWICE)
    primary = replace(far, name=excess_of(FAR), lower=lower, upper=upper)
    metrics = {each.name: each for each in (far, primary, replace(far, name=floor_of(FAR)))}
    check = SelfCheck(share=ASKED_TWICE, lean=0.3, metrics=metrics)
    trial = PacedTrial(a_trial_on_its_limits(primary=primary))
    for second in range(exchanges):
        is_unsure = generator.random() < 2 * FLOOR
        differs = is_unsure and generator.random() < 0.5
        apart = is_unsure and generator.random() < 0.5
        apart |= generator.random() < LIMIT / (1 - FLOOR)
        pair = replace(trial.a_pair(), exchange_id=ExchangeId(generator.bytes(8).hex()))
        again = None
        if check.is_due(pair.exchange_id):
            pair = replace(pair, baseline_again=pair.baseline)
            if generator.random() < 0.9:
                again = Score(pair=pair, observations=(_distance(differs),))
        found = check.observations(Score(pair=pair, observations=(_distance(apart),)), again)
        of_excess = [each for each in found if each.metric == primary.name]
        trial.count(pair, [*of_excess, WITHOUT_ERROR], second)
        if second % LOOK_EVERY == 0:
            trial.tell("w", second)
            if (end := trial.look(second)) is not End.NEITHER:
                return end
    return End.NEITHER


def _distance(apart: bool) -> Observation:
    return Observation(metric=FAR, distance=float(apart))


@pytest.mark.parametrize("trials", [FEW, SLOWLY])
def test_a_baseline_that_disagrees_with_itself(trials):
    """What goes beyond its own noise is exactly the limit, and the noise is measured meanwhile."""
    assert wrong_ends(a_noisy_baseline, trials) <= at_most(ALPHA, trials)


# --- shards ----------------------------------------------------------------


def shards_come_and_go(generator: np.random.Generator, *, exchanges: int = 1_200) -> End:
    """Five workers; they are cut off and come back, or are killed, and control is restarted."""
    plan = a_trial_on_its_limits()
    trial, workers, lives = PacedTrial(plan), [f"w{place}/0" for place in range(5)], 0
    cut_off_until = np.zeros(5)
    for second in range(exchanges):
        place = int(generator.integers(5))
        seen = (verdict(bad=generator.random() < LIMIT), WITHOUT_ERROR)
        trial.count(trial.a_pair(), seen, second, worker=workers[place])
        if second % LOOK_EVERY:
            continue
        for place, worker in enumerate(workers):
            chance = generator.random()
            if chance < 0.15:
                cut_off_until[place] = second + generator.integers(10, 300)
            elif chance < 0.25:
                lives += 1
                trial.kill(worker)
                workers[place] = f"w{place}/{lives}"
            elif cut_off_until[place] <= second:
                trial.tell(worker, second)
        if generator.random() < 0.1:
            trial.restart(plan, second)
        if (end := trial.look(second)) is not End.NEITHER:
            return end
    return End.NEITHER


@pytest.mark.parametrize("trials", [FEW, SLOWLY])
def test_shards_that_are_lost_and_come_back(trials):
    """Whatever a shard has counted says nothing of when it is heard."""
    assert wrong_ends(shards_come_and_go, trials) <= at_most(ALPHA, trials)


# --- users -----------------------------------------------------------------


USERS = 200


def users_of_very_different_traffic(
    generator: np.random.Generator, *, are_gathered: bool, exchanges: int = 1_200
) -> End:
    """A few users make most of the traffic, each with a loss of his own, alike within a burst."""
    dependence = DependenceSettings(clusters=are_gathered, temper=are_gathered, idle_seconds=2)
    trial = PacedTrial(a_trial_on_its_limits(dependence=dependence))
    asks, losses = _users(generator)
    second, asked = 0, 0
    while asked < exchanges:
        user = int(generator.choice(USERS, p=asks))
        is_bad = generator.random() < losses[user]
        for _ in range(int(generator.integers(1, 8))):
            trial.count(trial.a_pair(f"u{user}"), (verdict(bad=is_bad), WITHOUT_ERROR), second)
            second, asked = second + 1, asked + 1
            if asked % LOOK_EVERY == 0:
                trial.tell("w", second)
                if (end := trial.look(second)) is not End.NEITHER:
                    return end
        second += int(generator.integers(3, 8))
    return End.NEITHER


def _users(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw each user's share of the bursts, and his loss; the mean burst loses LIMIT."""
    while True:
        asks = generator.pareto(1.5, USERS) + 0.05
        asks /= asks.sum()
        losses = np.where(generator.random(USERS) < 0.25, 1.0, 0.0)
        losses *= LIMIT / (asks @ losses)
        if losses.max() <= 1:
            return asks, losses


@pytest.mark.parametrize("trials", [FEW, SLOWLY])
def test_users_of_very_different_traffic(trials):
    """A burst counts once; where each request of it counts, four of them are taken for news."""
    gathered = partial(users_of_very_different_traffic, are_gathered=True)
    one_by_one = partial(users_of_very_different_traffic, are_gathered=False)

    assert wrong_ends(gathered, trials) <= at_most(ALPHA, trials)
    assert wrong_ends(one_by_one, FEW) > at_most(ALPHA, FEW)
