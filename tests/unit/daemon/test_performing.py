"""What trials want done, done; and what is known of it meanwhile."""

from __future__ import annotations

import asyncio

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.ipc.report import Report
from shadowmon.policy.settings import OnComplaints
from shadowmon.records import Arm, ExchangeId, Exposure, Feedback, FeedbackKind
from shadowmon.trial.feedback import FeedbackRule
from tests.trials import INT8, a_course, a_plan
from tests.worlds import World


RULE = FeedbackRule(rise=0.1, climb=OnComplaints.UNLESS_INCREASED, alpha=0.05)


class Slow(ProxyWeights):
    """Takes a weight only once it is let go."""

    def __init__(self, board, trial):
        super().__init__(board, trial)
        self.let_go = asyncio.Event()

    async def set_weight(self, weight):
        """See `Actuator.set_weight`."""
        await self.let_go.wait()
        await super().set_weight(weight)


def serve(world, name):
    """Let a user be served by the optimized model, and the control loop know of it."""
    shown = Exposure(
        trial_id=INT8,
        epoch=world.state.epoch,
        stage=world.state.stage_count,
        exchange_id=ExchangeId(name),
        arm=Arm.OPTIMIZED,
        received_at=world.clock.now(),
    )
    world.control.take(Report(worker="scoring-1/1", exposures=(shown,)))


async def test_a_complaint_counts_by_the_share_that_was_in_force():
    """Who is served while a weight is being applied, and complains afterwards, proves nothing."""
    world = World(a_plan(feedback=RULE, course=a_course(1, 100)))
    actuator = world.actuators[INT8] = Slow(world.board, 0)
    await world.begin()
    world.count("correct", (10, 0, 0, 290, 0))
    world.count("error", (1000, 0, 0, 0, 0))

    await world.tick()
    assert (world.state.desired_weight, world.state.applied_weight) == (100, 0)
    serve(world, "meanwhile")
    actuator.let_go.set()
    await world.tick()
    assert world.state.applied_weight == 100
    await world.clock.sleep(1)
    serve(world, "afterwards")
    world.control.feel(
        [
            Feedback(kind=FeedbackKind.COMPLAINT, exchange_id=ExchangeId(name))
            for name in ("meanwhile", "afterwards")
        ]
    )
    await world.tick()

    complaints = world.control.trials[INT8].memory.complaints
    assert complaints.events.optimized == {0: 1, 100: 1}
    assert complaints.felt[Arm.OPTIMIZED].complaints == 2
    await world.control.close()
