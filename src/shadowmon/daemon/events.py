"""Serves the listener for events, in the control process: traffic/events.py put to the settings."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.live_pairs import Checking
from shadowmon.daemon.rates import sampled_routes
from shadowmon.ipc import handover
from shadowmon.records import ModelName, RouteName, TrialId
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.events import Events
from shadowmon.traffic.joining import Fate, Joining
from shadowmon.traffic.ready_pairs import ReadyPairs
from shadowmon.traffic.sampling import Sampling


SOURCE = "events"
"""In `exchanges_total`: all that came by this listener."""
_EXPIRE_SECONDS = 0.5


@contextlib.asynccontextmanager
async def serving_events(
    settings: Settings,
    listening: socket.socket | None,
    exchanges: socket.socket,
    tallies: Tallies,
    clock: Clock,
) -> AsyncIterator[None]:
    """
    Serve for as long as the block takes; what waits at its end is handed over as it stands.

    Args:
        settings: Of the whole daemon.
        listening: Where events come in; None: nowhere.
        exchanges: Where exchanges are handed over.
        tallies: Told the fate of every event and every exchange.
        clock: Tells the time.

    """
    if listening is None:
        yield
        return

    joining, events = _listener(settings, exchanges, tallies, clock)
    runner = web.ServerRunner(events.server())
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        async with asyncio.TaskGroup() as tasks:
            expiring = tasks.create_task(_expire(joining, tallies, clock))
            try:
                yield
            finally:
                expiring.cancel()
    finally:
        await runner.cleanup()
        joining.finish_all()


def _listener(
    settings: Settings, exchanges: socket.socket, tallies: Tallies, clock: Clock
) -> tuple[Joining, Events]:
    """Return what joins a request's events, and what takes them in."""

    def hand_over(parcel: handover.Parcel) -> bool:
        has_room = bool(handover.send(exchanges, [parcel]))
        tallies.add("exchanges_total", SOURCE, "mirrored" if has_room else "shed")
        return has_room

    def count(source: str, fate: Fate) -> None:
        tallies.add("events_total", source, fate.value)

    given = settings.traffic.events
    sampling, routes = Sampling(settings.traffic.sampling_salt), sampled_routes(settings)
    joining = Joining(
        loggers=_loggers(settings),
        baselines={
            RouteName(name): ModelName(route.baseline) for name, route in settings.routes.items()
        },
        seconds=given.join_seconds,
        keys_max=given.join_max,
        bytes_max=given.join_max_bytes,
        hand_over=hand_over,
        count=count,
        clock=clock,
    )
    pairs = ReadyPairs(
        trials={TrialId(name): RouteName(trial.route) for name, trial in settings.trials.items()},
        routes=routes,
        sampling=sampling,
        check=Checking(settings),
        hand_over=hand_over,
        clock=clock,
    )
    events = Events(
        given, routes=routes, sampling=sampling, joining=joining, pairs=pairs, count=count
    )
    return joining, events


async def _expire(joining: Joining, tallies: Tallies, clock: Clock) -> None:
    while True:
        await clock.sleep(_EXPIRE_SECONDS)
        joining.expire()
        tallies.set("events_waiting", value=len(joining))


def _loggers(settings: Settings) -> Mapping[RouteName, frozenset[ModelName]]:
    """Return, for each route, the models of which events come."""
    found: dict[RouteName, set[ModelName]] = {}
    for service in settings.traffic.events.services:
        found.setdefault(RouteName(service.route), set()).add(ModelName(service.model))
    for group in settings.traffic.events.litellm:
        found.setdefault(RouteName(group.route), set()).update(
            map(ModelName, group.models.values())
        )
    return {route: frozenset(models) for route, models in found.items()}
