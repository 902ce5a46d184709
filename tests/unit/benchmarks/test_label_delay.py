from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.decisions import label_delay
from benchmarks.decisions.label_delay import LATE, MATURITY, MISSING, NOTHING, SOON, VERY_LATE
from shadowmon.daemon.labels import LabelDesk, LabelRule
from shadowmon.records import Awaiting, ExchangeId, Label, Observation, TrialId
from shadowmon.scoring.truth import digest
from tests.factories import NOON


TRIAL = TrialId("int8")
RIGHT, WRONG = "cat", "dog"
PAIRS = 9_000


def a_waiting_pair(number: int, drawn: int) -> Awaiting:
    """Return pair `number`: 0 only the optimized model is right, 1 both are, 2 only baseline."""
    return Awaiting(
        trial_id=TRIAL,
        epoch=1,
        exchange_id=ExchangeId(str(number)),
        baseline=digest(WRONG if drawn == 0 else RIGHT),
        optimized=digest(WRONG if drawn == 2 else RIGHT),
        slices=frozenset(),
        received_at=NOON + timedelta(seconds=number),
    )


@pytest.mark.parametrize("covers_all", [True, False])
def test_maturity_here_is_what_the_product_does(covers_all):
    """A request a second, labels when they come: the desk counts the same pairs, in order."""
    generator = np.random.default_rng(4)
    drawn = generator.integers(0, 3, (1, PAIRS))
    delays = generator.choice([SOON, LATE, MATURITY, VERY_LATE], (1, PAIRS))
    rule = LabelRule(maturity=timedelta(seconds=MATURITY), covers_all=covers_all)
    desk = LabelDesk({TRIAL: rule}, awaiting_max=PAIRS)
    due = defaultdict(list)
    for number, delay in enumerate(delays[0].tolist()):
        due[number + delay].append(Label(exchange_id=ExchangeId(str(number)), label=RIGHT))
    settled = []

    for second in range(PAIRS + MATURITY):
        if second < PAIRS:
            desk.expect([a_waiting_pair(second, int(drawn[0, second]))])
        desk.take(due[second])
        settled += desk.settle(NOON + timedelta(seconds=second))

    way = label_delay.at_maturity if covers_all else label_delay.left_out
    assert [as_drawn(each.observations) for each in settled] == way(drawn, delays)[0].tolist()


def as_drawn(observations: tuple[Observation, ...]) -> int:
    if not observations:
        return NOTHING
    (observation,) = observations
    if observation.missing:
        return MISSING
    return 1 + int(observation.baseline or 0) - int(observation.optimized or 0)


def test_as_they_come_is_the_order_of_the_labels():
    """What is labelled soon comes first; what is not labelled within the stream never comes."""
    drawn = np.zeros((1, 3_000), dtype=int)
    drawn[0, 10] = 2
    delays = np.full((1, 3_000), LATE)
    delays[0, 10], delays[0, 0] = SOON, VERY_LATE

    counted = label_delay.as_they_come(drawn, delays)

    assert counted[0, 0] == 2
    assert (counted[0, 1:999] == 0).all()
    assert (counted[0, 1_000:] == NOTHING).all()


def test_unlabelled_at_maturity_is_missing_or_left_out():
    """The two ways differ in nothing else."""
    drawn, delays = np.array([[0, 2, 1]]), np.array([[LATE, VERY_LATE, MATURITY]])

    assert label_delay.at_maturity(drawn, delays).tolist() == [[0, MISSING, 1]]
    assert label_delay.left_out(drawn, delays).tolist() == [[0, NOTHING, 1]]
