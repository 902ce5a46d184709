"""Ask every model that one exchange needs, at one time, and none of them twice."""

from __future__ import annotations

import asyncio

from collections.abc import Awaitable, Collection, Mapping

from shadowmon.mirror.arm import Arm
from shadowmon.mirror.pairing import known_replies, seen_answers
from shadowmon.records import Ending, Exchange, ModelName, Outcome, Reply


class Dispatcher:
    """The arms of one route."""

    def __init__(self, arms: Mapping[ModelName, Arm]) -> None:
        self._arms = arms

    async def replies(
        self, exchange: Exchange, wanted: Collection[ModelName]
    ) -> dict[ModelName, Reply]:
        """
        Return what each wanted model answered.

        A model that production already called is not called again: its reply is the one that
        production had. A model without an arm has no reply.

        Never raises, but for being cancelled: whatever a codec of a stranger's raises becomes a
        reply that was shed, with the error's name.
        """
        known = known_replies(exchange)
        answers: dict[ModelName, Reply] = {m: r for m, r in known.items() if m in wanted}
        served = exchange.served
        if served is not None and served.ending is Ending.CLIENT_GONE:
            return answers
        async with asyncio.TaskGroup() as group:
            calls = {
                model: group.create_task(self._reply(self._arms[model], exchange))
                for model in dict.fromkeys(wanted)
                if model in self._arms and model not in known
            }
        return answers | {model: call.result() for model, call in calls.items()}

    async def again(self, exchange: Exchange, model: ModelName) -> Reply:
        """Ask a model for another answer, whether or not it has answered already. Never raises."""
        return await self._safely(self._arms[model].call(exchange), model)

    async def _reply(self, arm: Arm, exchange: Exchange) -> Reply:
        return await self._safely(self._read_or_call(arm, exchange), arm.name)

    async def _read_or_call(self, arm: Arm, exchange: Exchange) -> Reply:
        for served in seen_answers(exchange):
            if served.model == arm.name:
                return arm.reply_of(served)
        return await arm.call(exchange)

    async def _safely(self, reply: Awaitable[Reply], model: ModelName) -> Reply:
        try:
            return await reply
        except Exception as error:  # noqa: BLE001 - one codec's bug must cost one reply, and no more
            return Reply(
                model=model,
                outcome=Outcome.SHED,
                problem=f"{type(error).__name__} in shadowmon or a plugin",
                duration_seconds=0.0,
            )
