"""The slow loop: journal first, down needs nobody, only what is committed is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from structlog.testing import capture_logs

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.errors import ActuatorError, RefusedError, StoreError
from shadowmon.ipc.board import TrialCell
from shadowmon.ipc.report import Report
from shadowmon.notify.ahead import URGENT
from shadowmon.notify.news import news
from shadowmon.policy.settings import OnComplaints, PolicySettings
from shadowmon.records import (
    NO_TRAFFIC,
    Arm,
    Awaiting,
    Entry,
    EntryKind,
    ExchangeId,
    Feedback,
    FeedbackKind,
    Label,
    Operation,
    Phase,
    SliceName,
    TrialId,
)
from shadowmon.scoring.truth import digest
from shadowmon.store.memory import MemoryStore
from shadowmon.trial.feedback import FeedbackRule
from tests.factories import NOON
from tests.trials import INT8, a_course, a_plan
from tests.worlds import World


GOOD = (10, 0, 0, 290, 0)
BAD = (0, 0, 80, 20, 0)
NO_ERRORS = (1000, 0, 0, 0, 0)


async def test_what_is_wanted_is_journalled_then_done_then_read_back():
    """The verdict comes before the stage, the stage before the weight."""
    world = await World().begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)

    await world.tick()

    kinds = [entry.kind for entry in await world.journal()]
    assert kinds[-3:] == [EntryKind.VERDICT, EntryKind.STAGE_ENTERED, EntryKind.WEIGHT_APPLIED]
    assert world.board.weight(0) == 100
    assert world.board.trial(0, TrialCell.STAGE) == world.state.stage_count


async def test_without_the_journal_nobody_is_promoted_and_later_it_goes_on():
    """A climb that cannot be committed is undone; when the store is back it is done."""
    world = await World().begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    before = world.state
    world.store.broken = True

    await world.tick()
    assert world.state == before
    assert world.board.weight(0) == 0
    assert world.control.store_problem == "the disk is full"

    world.store.broken = False
    await world.tick()
    assert world.board.weight(0) == 100
    assert world.control.store_problem == ""


async def test_a_red_line_needs_no_journal():
    """Down needs nobody: the weight is taken away at once, and journalled later."""
    world = await World().begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    await world.tick()
    world.store.broken = True
    world.count("correct", tuple(a + b for a, b in zip(GOOD, BAD, strict=True)))

    await world.tick()
    assert world.board.weight(0) == 0
    assert world.state.phase is Phase.ROLLED_BACK

    world.store.broken = False
    await world.tick()
    sentences = [entry.sentence for entry in await world.journal()]
    assert any(sentence.startswith("rolled back to 0 %") for sentence in sentences)
    assert sum(entry.kind is EntryKind.STAGE_ENTERED for entry in await world.journal()) == 2


async def test_a_climb_is_news_and_a_fall_is_a_warning():
    """Who looks for warnings in the log finds what took weight away, and no climb."""
    world = await World().begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    with capture_logs() as logged:
        await world.tick()
        world.count("correct", tuple(a + b for a, b in zip(GOOD, BAD, strict=True)))
        await world.tick()

    assert [(each["event"], each["log_level"]) for each in logged] == [
        ("rollout.stage_entered", "info"),
        ("rollout.rolled_back", "warning"),
    ]


async def test_what_stands_without_the_journal_is_told_as_it_will_be_written():
    """It can be told under the id that it will have, and when it is written there is no more."""
    world = await World().begin()
    assert world.control.remembering.unwritten == []
    world.store.broken = True
    await world.control.ask(INT8, Operation.ROLL_BACK, operator="alice", reason="now\x00\ud800")

    ahead = [news(entry) for entry in world.control.remembering.unwritten]
    world.store.broken = False
    await world.tick()

    written = {each.message_id for each in map(news, await world.journal()) if each}
    told = [each.message_id for each in ahead if each]
    assert told
    assert set(told) <= written
    assert world.control.remembering.unwritten == []


async def test_a_person_can_roll_back_without_the_journal_but_not_resume():
    """What takes weight away is done; what might give some is not, and says why."""
    world = await World().begin()
    await world.control.ask(INT8, Operation.PAUSE, operator="alice", reason="")
    world.store.broken = True

    with pytest.raises(StoreError, match="could not be journalled: the disk is full"):
        await world.control.ask(INT8, Operation.RESUME, operator="alice", reason="")
    assert world.state.paused

    state = await world.control.ask(INT8, Operation.ROLL_BACK, operator="alice", reason="now")
    assert state.phase is Phase.ROLLED_BACK


async def test_a_pause_stands_without_the_journal_if_it_is_kept_elsewhere():
    """It is taken and kept, or refused with both reasons; never taken and forgotten."""
    world = await World().begin()
    world.store.broken = world.orders.broken = True

    with pytest.raises(StoreError, match="is full; nor kept elsewhere: the disk is full"):
        await world.control.ask(INT8, Operation.PAUSE, operator="alice", reason="")
    assert not world.state.paused
    assert world.orders.orders == ()

    world.orders.broken = False
    state = await world.control.ask(INT8, Operation.PAUSE, operator="alice", reason="lunch")
    assert state.paused
    (order,) = world.orders.orders
    assert (order.what, [each.sentence for each in order.entries]) == (
        "pause",
        ["alice asked to pause: lunch"],
    )


async def test_a_roll_back_that_was_not_journalled_outlives_us():
    """Killed while the store is down, we come back with it, and tell it as the same message."""
    world = await World().begin()
    world.store.broken = True
    await world.control.ask(INT8, Operation.ROLL_BACK, operator="alice", reason="now")
    ahead = {each.message_id for each in map(news, world.control.remembering.unwritten) if each}

    world.store.broken = False
    await world.begin()

    assert world.state.phase is Phase.ROLLED_BACK
    assert world.orders.orders == ()
    written = {each.message_id for each in map(news, await world.journal()) if each}
    assert ahead
    assert ahead <= written


async def told_ahead_and_then_written(world) -> tuple[set[str], set[str]]:
    """Return what was told while the store was down, and what is journalled after a kill."""
    await world.tick()
    told = [each for each in map(news, world.control.remembering.unwritten) if each]
    ahead = {each.message_id for each in told if each.topic in URGENT}
    world.store.broken = False
    await world.begin()
    return ahead, {each.message_id for each in map(news, await world.journal()) if each}


async def test_the_evidences_roll_back_is_the_same_message_after_a_kill():
    """Whoever was told of it while the store was down is not woken a second time."""
    world = await World().begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    await world.tick()
    world.store.broken = True
    world.count("correct", tuple(a + b for a, b in zip(GOOD, BAD, strict=True)))

    ahead, written = await told_ahead_and_then_written(world)

    assert world.state.phase is Phase.ROLLED_BACK
    assert ahead
    assert ahead <= written


async def test_a_step_down_that_was_not_journalled_outlives_us():
    """Killed while the store is down, we come back one rung down, cooling, under the same id."""
    plan = a_plan(course=a_course(1, 10, 100), policy=PolicySettings(acceptable=0.02))
    world = await World(plan).begin()
    for _ in range(2):
        world.count("correct", (14, 3, 3, 980, 0))
        world.count("error", NO_ERRORS)
        await world.tick()
    assert world.board.weight(0) == 1_000
    world.store.broken = True
    world.count("correct", (1_814, 303, 1_703, 57_140, 0))

    ahead, written = await told_ahead_and_then_written(world)

    assert (world.state.phase, world.board.weight(0)) == (Phase.PROGRESSING, 100)
    assert world.state.cooldown_until == world.clock.now() + timedelta(seconds=60)
    assert ahead
    assert ahead <= written
    assert world.orders.orders == ()


async def test_what_the_journal_has_is_not_done_again():
    """Killed after the commit and before the file was emptied, nothing is done twice."""
    world = await World().begin()
    world.store.broken = True
    await world.control.ask(INT8, Operation.PAUSE, operator="alice", reason="lunch")
    kept = world.orders.orders
    world.store.broken = False
    await world.tick()
    await world.control.ask(INT8, Operation.RESUME, operator="alice", reason="back")
    entries = len(await world.journal())

    world.orders.orders = kept
    await world.begin()

    assert not world.state.paused
    assert len(await world.journal()) == entries
    await world.tick()
    assert world.orders.orders == ()


async def test_a_roll_back_is_of_the_model_that_it_was_asked_for():
    """Another version begins in the shadow as it always does."""
    world = await World().begin()
    world.store.broken = True
    await world.control.ask(INT8, Operation.ROLL_BACK, operator="alice", reason="now")
    world.store.broken = False

    world.plans = (replace(world.plans[0], version="2"),)
    await world.begin()

    assert world.state.phase is Phase.SHADOWING


async def test_what_may_not_be_done_is_refused_with_the_reason():
    """To re-arm what was never rolled back is refused, and nothing is journalled."""
    world = await World().begin()
    entries = len(await world.journal())

    with pytest.raises(RefusedError, match="only a trial that was rolled back can be re-armed"):
        await world.control.ask(INT8, Operation.RE_ARM, operator="alice", reason="x")

    assert len(await world.journal()) == entries


async def test_a_restart_sets_the_weight_that_was_committed():
    """The board of a new daemon is empty; the weight of before is put back, and read back."""
    world = await World().begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    await world.tick()

    world.board.set_trial(0, TrialCell.WEIGHT, NO_TRAFFIC)
    await world.begin()

    assert world.board.weight(0) == 100
    assert world.state.applied_weight == 100
    assert world.control.books.totals(INT8, 1)


async def test_an_actuator_that_fails_is_asked_again_and_nothing_climbs():
    """A weight that is not known to be applied holds the trial where it is."""
    world = World()

    class Breaking(ProxyWeights):
        broken = True

        async def set_weight(self, weight):
            if self.broken:
                raise ActuatorError(str(weight))
            await super().set_weight(weight)

    actuator = world.actuators[INT8] = Breaking(world.board, 0)
    await world.begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    await world.tick()
    await world.tick()

    assert world.state.desired_weight == 100
    assert world.state.applied_weight == 0
    rejected = [e for e in await world.journal() if e.kind is EntryKind.WEIGHT_REJECTED]
    assert len(rejected) == 1

    actuator.broken = False
    await world.tick()
    assert world.board.weight(0) == 100


async def test_a_broken_trial_is_frozen_and_the_others_go_on():
    """A bug in one trial's numbers must not stop the rest."""
    other = replace(a_plan(course=a_course(1, 100)), trial_id=TrialId("int4"))
    world = await World(a_plan(course=a_course(1, 100)), other).begin()
    world.count("correct", (1, 2, 3))  # an account that no metric of this kind can have
    world.count("correct", GOOD, trial=TrialId("int4"))
    world.count("error", NO_ERRORS, trial=TrialId("int4"))
    before = world.control.trials[INT8].memory

    await world.tick()

    assert world.control.trials[INT8].memory == before
    assert world.board.weight(1) == 100


async def test_one_trial_of_a_route_holds_weight_at_a_time():
    """The second to be accepted waits, and says for whom."""
    other = replace(a_plan(course=a_course(1, 100)), trial_id=TrialId("int4"))
    world = await World(a_plan(course=a_course(1, 100)), other).begin()
    for trial in (INT8, TrialId("int4")):
        world.count("correct", GOOD, trial=trial)
        world.count("error", NO_ERRORS, trial=trial)

    await world.tick()

    assert (world.board.weight(0), world.board.weight(1)) == (100, 0)
    sentences = [entry.sentence for entry in await world.journal()]
    assert any("the route's traffic is held by trial int8" in sentence for sentence in sentences)


async def test_a_pair_is_counted_once_with_its_label_also_across_a_restart():
    """What waits, the labels, and what was counted are one commit."""
    world = await World().begin()
    pair = Awaiting(
        trial_id=INT8,
        epoch=1,
        exchange_id=ExchangeId("x-1"),
        baseline=digest("7"),
        optimized=digest("1"),
        slices=frozenset({SliceName("all")}),
        received_at=NOON,
    )
    world.control.take(Report(worker="scoring-1/1", awaiting=(pair,)))
    world.control.label([Label(exchange_id=ExchangeId("x-1"), label="7")])
    await world.tick()

    await world.begin()
    world.clock.time = NOON + timedelta(seconds=10)
    await world.tick()
    await world.begin()
    await world.tick()

    (counts,) = [
        counts
        for cell, counts in world.control.books.totals(INT8, 1).items()
        if cell.metric == "correct"
    ]
    assert counts == (0, 0, 1, 0, 0)
    assert len(world.control.labels) == 0


class BusyStore(MemoryStore):
    """A store that takes its time to write: things go on meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None

    async def commit(self, save):
        await super().commit(save)
        happens, self.meanwhile = self.meanwhile, lambda: None
        happens()


def a_waiting_pair(name: str) -> Awaiting:
    return Awaiting(
        trial_id=INT8,
        epoch=1,
        exchange_id=ExchangeId(name),
        baseline=digest("7"),
        optimized=digest("1"),
        slices=frozenset({SliceName("all")}),
        received_at=NOON,
    )


async def test_a_pair_that_comes_to_wait_while_the_store_writes_is_kept():
    """It is in the next commit, and that one alone: those before it are not written again."""
    world = await World(store=BusyStore()).begin()
    one, other = a_waiting_pair("x-1"), a_waiting_pair("x-2")
    world.control.take(Report(worker="scoring-1/1", awaiting=(one,)))
    world.store.meanwhile = lambda: world.control.take(
        Report(worker="scoring-1/1", awaiting=(other,))
    )

    await world.tick()
    assert (await world.store.load()).awaiting == (one,)

    await world.tick()
    assert (await world.store.load()).awaiting == (one, other)


async def test_a_label_that_comes_while_the_store_writes_is_kept():
    """It is in the next commit."""
    world = await World(store=BusyStore()).begin()
    pairs = (a_waiting_pair("x-1"), a_waiting_pair("x-2"))
    world.control.take(Report(worker="scoring-1/1", awaiting=pairs))
    world.control.label([Label(exchange_id=ExchangeId("x-1"), label="7")])
    world.store.meanwhile = lambda: world.control.label(
        [Label(exchange_id=ExchangeId("x-2"), label="7")]
    )

    await world.tick()
    assert set((await world.store.load()).labels) == {"x-1"}

    await world.tick()
    assert set((await world.store.load()).labels) == {"x-1", "x-2"}


async def test_a_line_for_the_journal_that_comes_while_the_store_writes_is_kept():
    """It is journalled once, by the next commit."""
    world = await World(store=BusyStore()).begin()
    line = Entry(at=NOON, trial_id=INT8, kind=EntryKind.OPERATION, sentence="meanwhile")
    world.store.meanwhile = lambda: world.control.remembering.write(line)

    await world.tick()
    await world.tick()
    await world.tick()

    assert [entry.sentence for entry in await world.journal()].count("meanwhile") == 1


async def test_a_pair_that_is_settled_while_the_store_writes_does_not_wait_for_ever():
    """The next commit takes it out of what waits."""
    world = await World(store=BusyStore()).begin()
    pairs = (a_waiting_pair("x-1"), a_waiting_pair("x-2"))
    world.control.take(Report(worker="scoring-1/1", awaiting=pairs))
    world.store.meanwhile = lambda: world.control.remembering.unsaved.settle(
        [(INT8, ExchangeId("x-1"))]
    )

    await world.tick()
    await world.tick()

    assert (await world.store.load()).awaiting == pairs[1:]


async def test_feedback_is_kept_by_the_tick_that_commits_it():
    """While the store is down nothing that users said is lost or counted twice."""
    rule = FeedbackRule(rise=0.1, climb=OnComplaints.UNLESS_INCREASED, alpha=0.05)
    world = await World(a_plan(feedback=rule)).begin()
    complaint = Feedback(kind=FeedbackKind.COMPLAINT, trial_id=INT8, arm=Arm.BASELINE)

    assert world.control.feel([complaint])["accepted"] == 1
    world.store.broken = True
    await world.tick()
    world.store.broken = False
    await world.tick()
    await world.tick()
    await world.begin()

    felt = world.control.trials[INT8].memory.complaints.felt
    assert felt[Arm.BASELINE].complaints == 1


async def test_what_waits_is_bounded_while_the_store_is_down_and_nothing_is_lost():
    """What the store never heard of is nothing to it once it is settled; each pair counts once."""
    world = await World().begin()
    world.control.take(Report(worker="scoring-1/1", awaiting=(a_waiting_pair("x-0"),)))
    await world.tick()
    world.store.broken = True
    sizes = []
    for number in range(1, 100):
        pair = replace(a_waiting_pair(f"x-{number}"), received_at=world.clock.now())
        world.control.take(Report(worker="scoring-1/1", awaiting=(pair,)))
        world.control.label([Label(exchange_id=pair.exchange_id, label="7")])
        await world.tick()
        sizes.append(len(world.control.remembering.unsaved))

    assert max(sizes[50:]) <= max(sizes[:50])
    world.store.broken = False
    await world.tick()
    waiting = {pair.exchange_id for pair in (await world.store.load()).awaiting}
    assert waiting == {f"x-{number}" for number in range(92, 100)}
    assert set((await world.store.load()).labels) == waiting

    await world.begin()
    for _ in range(10):
        await world.tick()
    (counts,) = world.control.books.totals(INT8, 1).values()
    assert counts == (0, 0, 99, 0, 1)


async def test_a_pair_that_a_failed_commit_may_have_saved_is_told_as_settled():
    """Nobody knows how that commit ended; were it in the store, it would be counted twice."""
    world = await World().begin()
    world.control.take(Report(worker="scoring-1/1", awaiting=(a_waiting_pair("x-1"),)))
    world.store.lies = True
    await world.tick()
    assert (await world.store.load()).awaiting

    world.clock.time += timedelta(seconds=10)
    await world.tick()
    world.store.lies = False
    await world.tick()

    assert (await world.store.load()).awaiting == ()
