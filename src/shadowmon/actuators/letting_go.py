"""
How an actuator lets go of what it was about to do.

What was sent will be done, also when whoever waits for the answer gives up: by another thread, or
another server, and perhaps after what is sent next on another connection. So a climb that is given
up for a roll-back could undo it. Hence its answer is waited for, for a moment, before letting go;
what comes later than that is seen by the control loop (daemon/steering.py, rule 5).
"""

from __future__ import annotations

import asyncio

from collections.abc import Coroutine
from typing import TypeVar

from shadowmon.errors import ActuatorError


_T = TypeVar("_T")

LET_GO_SECONDS = 0.5
"""Less than the control loop gives an actuator to let go (daemon/steering.py)."""


async def answered(asking: Coroutine[None, None, _T]) -> _T:
    """
    Ask for something to be done, and return the answer.

    If we are cancelled it may still come, for a moment; then nobody waits for it any longer.

    Raises:
        ActuatorError: As `asking` does.

    """
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(_outcome(asking))
        try:
            await asyncio.wait([asked])
        except asyncio.CancelledError:
            await asyncio.wait([asked], timeout=LET_GO_SECONDS)
            raise
    outcome = asked.result()
    if isinstance(outcome, ActuatorError):
        raise outcome
    return outcome


async def _outcome(asking: Coroutine[None, None, _T]) -> _T | ActuatorError:
    """A task that fails would cancel who waits for it, and who was cancelled lets go."""
    try:
        return await asking
    except ActuatorError as error:
        return error
