"""People's words, from the desk to the trial: side by side, and feedback."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.config.settings import Settings
from shadowmon.daemon.build import trial_plans
from shadowmon.daemon.census import Census
from shadowmon.daemon.control import Control
from shadowmon.daemon.desk import DaemonDesk
from shadowmon.daemon.labels import LabelDesk
from shadowmon.errors import RefusedError, StoreError
from shadowmon.ipc.board import Board
from shadowmon.ipc.report import Report
from shadowmon.records import (
    Arm,
    EntryKind,
    ExchangeId,
    Exposure,
    Feedback,
    FeedbackKind,
    Grade,
    Phase,
)
from shadowmon.store.memory import MemoryStore
from shadowmon.telemetry.tallies import Tallies
from shadowmon.view import Said
from tests.factories import NOON
from tests.recordings import a_line
from tests.trials import INT8
from tests.worlds import KeptOrders


class Clock:
    """A clock that moves a second with each look."""

    def __init__(self):
        self.time = NOON

    def now(self):
        self.time += timedelta(seconds=1)
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    async def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)


class BreakableStore(MemoryStore):
    """A store whose disk can be full."""

    broken = False
    takes_votes_only = False

    async def commit(self, save):
        if self.broken or (self.takes_votes_only and not save.preferences):
            msg = "the disk is full"
            raise StoreError(msg)
        await super().commit(save)


@pytest.fixture
def settings(tmp_path):
    """A trial that goes through a side by side, and whose users are asked."""
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"".join(a_line(id=f"q-{number}") for number in range(300)))
    return Settings.model_validate(
        {
            "models": {
                "fp16": {"url": "http://127.0.0.1:9001"},
                "int8": {"url": "http://127.0.0.1:9002"},
            },
            "routes": {"chat": {"baseline": "fp16"}},
            "trials": {
                "int8": {
                    "route": "chat",
                    "optimized": "int8",
                    "task": "custom",
                    "review": {"pairs": str(path)},
                    "policy": {"feedback": {}},
                }
            },
            "rollout": {"side_by_side": "require"},
        }
    )


async def begin(settings, store):
    """Return a desk, and the control loop behind it."""
    board, clock, tallies = Board.create(), Clock(), Tallies()
    control = Control(
        plans=trial_plans(settings),
        store=store,
        orders=KeptOrders(),
        saved=await store.load(),
        labels=LabelDesk({}, awaiting_max=10),
        actuators={INT8: ProxyWeights(board, 0)},
        board=board,
        tallies=tallies,
        clock=clock,
    )
    await control.restore()
    desk = DaemonDesk(
        settings=settings,
        path=None,
        overrides={},
        control=control,
        store=store,
        board=board,
        census=Census(),
        tallies=tallies,
        clock=clock,
    )
    return desk, control


@pytest.fixture
async def store():
    """An open store."""
    store = BreakableStore()
    await store.open()
    return store


async def review(desk, reviewer, said, *, at_most=300):
    """Let a reviewer compare until there is no more, or the phase is over."""
    standing = None
    for _ in range(at_most):
        try:
            task, _ = await desk.next_review(INT8, reviewer)
        except RefusedError:
            return standing
        if task is None:
            return standing
        standing = await desk.prefer(INT8, task=task.id, reviewer=reviewer, said=said)
    return standing


async def test_as_good_passes(settings, store):
    """Once it is proven that the model is not worse, the trial goes on to the shadow."""
    desk, control = await begin(settings, store)

    standing = await review(desk, "ada", Said.TIE)

    assert (standing.grade, standing.tasks) == (Grade.ACCEPT, 100)
    assert control.trials[INT8].memory.state.phase is Phase.SHADOWING
    sentences = [row.entry.sentence for row in await store.journal()]
    assert any("side_by_side: accept: the optimized model is preferred" in it for it in sentences)


async def test_worse_ends_the_trial(settings, store):
    """Once it is proven that people prefer the baseline, the trial is over."""
    desk, control = await begin(settings, store)

    for _ in range(60):
        task, _ = await desk.next_review(INT8, "ada")
        better = next(
            said
            for said in (Said.LEFT, Said.RIGHT)
            if desk._review_of(INT8)[0].choice(task.id, "ada", 1, said) == "baseline"
        )
        standing = await desk.prefer(INT8, task=task.id, reviewer="ada", said=better)
        if standing.grade is Grade.REJECT:
            break

    assert control.trials[INT8].memory.state.phase is Phase.ROLLED_BACK


async def test_a_restart_forgets_no_word(settings, store):
    """What reviewers said is there after a restart, and is not asked again."""
    desk, _ = await begin(settings, store)
    await review(desk, "ada", Said.TIE, at_most=7)

    desk, _ = await begin(settings, store)
    task, standing = await desk.next_review(INT8, "ada")

    assert standing.tasks == 7
    first = store._preferences.copy().popitem()[1].task
    with pytest.raises(RefusedError, match="has compared task"):
        await desk.prefer(INT8, task=first, reviewer="ada", said=Said.TIE)
    assert task is not None


async def test_a_word_that_cannot_be_remembered_was_not_said(settings, store):
    """While the store is down no preference is taken; later the same one is."""
    desk, _ = await begin(settings, store)
    task, _ = await desk.next_review(INT8, "ada")
    store.broken = True
    with pytest.raises(StoreError, match="could not be remembered"):
        await desk.prefer(INT8, task=task.id, reviewer="ada", said=Said.TIE)
    store.broken = False

    standing = await desk.prefer(INT8, task=task.id, reviewer="ada", said=Said.TIE)

    assert standing.tasks == 1


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "the store is back"])
async def test_what_the_last_word_proved_is_told_later(settings, store, kill):
    """The vote is taken; ended or failing before the trial is told, it is told by the next tick."""
    desk, control = await begin(settings, store)
    store.takes_votes_only = True
    standing = await review(desk, "ada", Said.TIE, at_most=100)
    assert standing.grade is Grade.ACCEPT
    assert control.trials[INT8].memory.state.phase is Phase.SIDE_BY_SIDE

    store.takes_votes_only = False
    if kill:
        desk, control = await begin(settings, store)
    await control.tick()
    await desk.conclude_reviews()

    assert control.trials[INT8].memory.state.phase is Phase.SHADOWING
    await desk.conclude_reviews()
    told = [row.entry.data for row in await store.journal() if row.entry.kind is EntryKind.GATE]
    assert [each["comparisons"] for each in told] == [100]


async def test_feedback_is_judged_in_its_stage(settings, store):
    """What a worker says users were shown is joined to what they say of it."""
    desk, control = await begin(settings, store)
    await review(desk, "ada", Said.TIE)
    state = control.trials[INT8].memory.state
    shown = Exposure(
        trial_id=INT8,
        epoch=state.epoch,
        stage=state.stage_count,
        exchange_id=ExchangeId("x-1"),
        arm=Arm.BASELINE,
        received_at=NOON,
    )
    control.take(Report(worker="scoring-1/1", exposures=(shown,)))

    fates = desk.feel([Feedback(kind=FeedbackKind.COMPLAINT, exchange_id=ExchangeId("x-1"))])
    await control.tick()
    desk.draw()

    assert fates["accepted"] == 1
    (trial,) = desk.view().trials
    assert trial.feedback["baseline"]["complaints"] == 1
