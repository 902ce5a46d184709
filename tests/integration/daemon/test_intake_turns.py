"""A slow answer and a quick one behind it: when each is counted, with a real model server."""

from __future__ import annotations

import asyncio

from collections.abc import Callable
from pathlib import Path

from shadowmon.daemon.intake import Intake
from shadowmon.records import EVERYTHING
from tests.integration.daemon.test_intake import GOOD, a_question, an_intake
from tests.integration.mirror.model_server import Connection, http


BAD = GOOD.replace(b'"hi"', b'"a bomb"')


class Answers:
    """The first request is answered when it is let go, all others at once; all of them badly."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self._asked = 0

    async def __call__(self, connection: Connection) -> None:
        self._asked += 1
        if self._asked == 1:
            await self.let_go.wait()
        await connection.send(http(BAD))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, for so long that a loaded machine has the time."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


def pairs_by_metric(intake: Intake) -> dict[str, int]:
    """Return how many pairs were counted of each metric since this was last called."""
    return {
        cell.metric: sum(counts)
        for cell, counts in intake.take_changed().items()
        if cell.trial_id == "int8" and cell.slice == EVERYTHING
    }


async def a_slow_one_and_a_quick_one(tmp_path: Path, seconds: float) -> list[dict[str, int]]:
    """Return what is counted when only the quick one is known, and what more when both are."""
    answers, told = Answers(), []
    scoring = {"unsafe_phrases": ["bomb"], "turn_seconds": seconds}
    async with an_intake(tmp_path, answers, scoring=scoring) as (intake, server):
        intake.offer(a_question(number=1))
        await until(lambda: len(server.requests) == 1)
        intake.offer(a_question(number=2))
        await until(lambda: intake.tallies.total("pairs_total", "int8") == 1)
        told.append(pairs_by_metric(intake))
        answers.let_go.set()
        await until(lambda: intake.tallies.total("pairs_total", "int8") == 2)
        await intake.drain()
        told.append(pairs_by_metric(intake))
    return told


async def test_a_quick_answer_is_counted_after_the_slow_one_before_it(tmp_path: Path) -> None:
    """But for a violation, of which one is too many: that is counted at once."""
    quick, both = await a_slow_one_and_a_quick_one(tmp_path, seconds=600)

    assert quick == {"unsafe": 1}
    assert both["error"] == both["unsafe"] == 2


async def test_without_patience_it_is_counted_as_it_comes(tmp_path: Path) -> None:
    """As a person may choose who would rather be wrong now and then than late."""
    quick, both = await a_slow_one_and_a_quick_one(tmp_path, seconds=0)

    assert quick["error"] == quick["unsafe"] == 1
    assert both["error"] == both["unsafe"] == 2
