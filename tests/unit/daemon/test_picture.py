"""What the daemon's picture tells of its processes, and of what people said."""

from __future__ import annotations

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.census import Census
from shadowmon.daemon.picture import Painter
from shadowmon.records import Arm, Feedback, FeedbackKind
from shadowmon.telemetry.tallies import Tallies
from tests.trials import INT8
from tests.worlds import World


BARE = {
    "models": {
        "fp16": {"url": "http://127.0.0.1:9001"},
        "int8": {"url": "http://127.0.0.1:9002"},
    },
    "routes": {"chat": {"baseline": "fp16"}},
    "trials": {"int8": {"route": "chat", "optimized": "int8", "task": "chat"}},
}
SETTINGS = Settings.model_validate(
    BARE
    | {
        "scoring": {"workers": 2},
        "proxy": {"listen": "127.0.0.1:0", "workers": 3},
        "daemon": {"flush_seconds": 0.5},
    }
)


@pytest.fixture
async def world():
    """A control loop with one trial."""
    return await World().begin()


@pytest.fixture
def census():
    """Nobody has told anything yet."""
    return Census()


@pytest.fixture
def painter(world, census):
    """Whoever draws that world."""
    return Painter(
        SETTINGS,
        control=world.control,
        board=world.board,
        census=census,
        tallies=Tallies(),
        clock=world.clock,
    )


def workers(painter):
    """Return how many workers there should be, and how many live, by process."""
    return {
        (sample.name, *sample.labels): sample.value
        for sample in painter.draw().gauges
        if sample.name.startswith("workers_")
    }


async def test_workers_that_there_should_be(painter):
    """As many as are configured; none is alive before it has said so."""
    assert workers(painter) == {
        ("workers_wanted", "scoring"): 2,
        ("workers_wanted", "proxy"): 3,
        ("workers_alive", "scoring"): 0,
        ("workers_alive", "proxy"): 0,
    }


async def test_workers_that_gave_a_sign_of_life(world, census, painter):
    """A worker that ended, and one that hangs, are missed within seconds."""
    for number in range(3):
        world.board.slot(number).live(world.clock.now().timestamp())
    for number in range(2):
        census.hear(f"scoring-{number}/1", world.clock.monotonic())
    before = workers(painter)
    await world.clock.sleep(7)
    world.board.slot(1).live(world.clock.now().timestamp())
    census.hear("scoring-0/2", world.clock.monotonic())

    after = workers(painter)

    assert (before["workers_alive", "proxy"], before["workers_alive", "scoring"]) == (3, 2)
    assert (after["workers_alive", "proxy"], after["workers_alive", "scoring"]) == (1, 1)


async def test_without_a_proxy_nobody_misses_its_workers(world, census):
    """Where users do not come in, no data-plane worker is wanted."""
    painter = Painter(
        Settings.model_validate(BARE),
        control=world.control,
        board=world.board,
        census=census,
        tallies=Tallies(),
        clock=world.clock,
    )

    assert workers(painter)["workers_wanted", "proxy"] == 0


async def test_what_moves_the_traffic(painter):
    """A trial is shown with its actuator's name; unless told otherwise nothing is moved."""
    (trial,) = painter.draw().trials

    assert trial.actuator == "dry_run"


async def test_what_became_of_feedback(world, painter):
    """Each piece of feedback is counted under what became of it."""
    complaint = Feedback(kind=FeedbackKind.COMPLAINT, trial_id=INT8, arm=Arm.OPTIMIZED)
    nobodys = Feedback(kind=FeedbackKind.COMPLAINT, trial_id=None, arm=Arm.OPTIMIZED)
    world.control.feel([complaint, complaint, nobodys])

    told = {
        sample.labels: sample.value
        for sample in painter.draw().samples
        if sample.name == "feedback_total"
    }

    assert told == {("accepted",): 2, ("unknown",): 1}
