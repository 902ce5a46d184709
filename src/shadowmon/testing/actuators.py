"""What every actuator promises."""
# ruff: noqa: S101 - these are tests; they are shipped so that plugins can run them

from __future__ import annotations

import asyncio

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from shadowmon.actuators.actuator import Actuator
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight


class ActuatorContract:
    """What `actuators.actuator.Actuator` promises."""

    weights: tuple[Weight, ...] = (Weight(100), Weight(2500), Weight(10_000), Weight(0))
    """What is set, one after the other; each must be one that the actuator can express."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[Actuator]:
        """Return an actuator, and whatever it moves, for as long as a test takes."""
        raise NotImplementedError

    async def meddle(self, actuator: Actuator) -> Weight | None:
        """Set another weight than was set, past the actuator; None if nobody else can."""
        del actuator
        return None

    async def break_down(self, actuator: Actuator) -> bool:
        """Let whatever it moves be out of reach; False if it always is within."""
        del actuator
        return False

    async def test_what_was_set_is_read_back(self, tmp_path: Path) -> None:
        """Each weight is read back as it was set, none and all of the traffic among them."""
        async with self.opened(tmp_path) as actuator:
            for weight in self.weights:
                await actuator.set_weight(weight)
                assert await actuator.read_weight() == weight

    async def test_setting_it_twice_is_harmless(self, tmp_path: Path) -> None:
        """A weight that is set already may be set again."""
        async with self.opened(tmp_path) as actuator:
            for _ in range(2):
                await actuator.set_weight(self.weights[0])
            assert await actuator.read_weight() == self.weights[0]

    async def test_another_weight_takes_the_place_of_one_under_way(self, tmp_path: Path) -> None:
        """A weight whose setting was given up keeps no other from being set."""
        async with self.opened(tmp_path) as actuator:
            await actuator.set_weight(self.weights[-1])
            climbing = asyncio.get_running_loop().create_task(actuator.set_weight(self.weights[1]))
            await asyncio.wait([climbing], timeout=0.001)
            climbing.cancel()
            await asyncio.wait([climbing])

            await actuator.set_weight(self.weights[-1])

            assert await actuator.read_weight() == self.weights[-1]

    async def test_what_a_foreign_hand_set_is_read(self, tmp_path: Path) -> None:
        """What is read back is what there is, not what was set."""
        async with self.opened(tmp_path) as actuator:
            await actuator.set_weight(self.weights[0])
            foreign = await self.meddle(actuator)
            if foreign is not None:
                assert foreign != self.weights[0]
                assert await actuator.read_weight() == foreign

    async def test_what_is_out_of_reach_is_said_to_be(self, tmp_path: Path) -> None:
        """A weight that cannot be set is an error with a sentence for people."""
        async with self.opened(tmp_path) as actuator:
            if await self.break_down(actuator):
                problem = ""
                try:
                    await actuator.set_weight(self.weights[0])
                except ActuatorError as error:
                    problem = str(error)
                assert problem

    async def test_unknown_settings_are_refused(self, tmp_path: Path) -> None:
        """A setting that is misspelt is never passed over in silence."""
        async with self.opened(tmp_path) as actuator:
            config = actuator.Settings.model_config
            assert (config.get("extra"), config.get("frozen")) == ("forbid", True)
