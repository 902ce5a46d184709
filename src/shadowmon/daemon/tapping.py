"""Serves the listener for mirrors, in the control process: traffic/tap.py put to the settings."""

from __future__ import annotations

import contextlib
import socket

from collections.abc import AsyncIterator

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.rates import sampled_routes
from shadowmon.ipc import handover
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.tap import Fate, make_tap


SOURCE = "tap"
"""In `exchanges_total`: all that came by this listener."""


@contextlib.asynccontextmanager
async def serving_tap(
    settings: Settings,
    listening: socket.socket | None,
    exchanges: socket.socket,
    tallies: Tallies,
    clock: Clock,
) -> AsyncIterator[None]:
    """
    Serve for as long as the block takes.

    Args:
        settings: Of the whole daemon.
        listening: Where copies come in; None: nowhere.
        exchanges: Where exchanges are handed over.
        tallies: Told the fate of every exchange.
        clock: Tells the time.

    """
    if listening is None:
        yield
        return

    def hand_over(head: handover.ExchangeHead, body: bytes) -> bool:
        return bool(handover.send(exchanges, [handover.Parcel(head, [body])]))

    def count(fate: Fate) -> None:
        tallies.add("exchanges_total", SOURCE, fate.value)

    tap = make_tap(
        settings.traffic.tap,
        routes=sampled_routes(settings),
        sampling=Sampling(settings.traffic.sampling_salt),
        hand_over=hand_over,
        count=count,
        clock=clock,
    )
    runner = web.ServerRunner(tap)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield
    finally:
        await runner.cleanup()
