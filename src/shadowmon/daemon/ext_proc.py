"""Serves Envoy's observations, in the control process: traffic/ext_proc.py put to the settings."""

from __future__ import annotations

import contextlib
import socket

from collections.abc import AsyncIterator

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.rates import sampled_routes
from shadowmon.ipc import handover
from shadowmon.records import ModelName, RouteName
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.ext_proc import End, ExtProc, Fate
from shadowmon.traffic.ext_proc_exchange import SOURCE
from shadowmon.traffic.ext_proc_server import make_server
from shadowmon.traffic.sampling import Sampling


@contextlib.asynccontextmanager
async def observing_envoy(
    settings: Settings,
    place: socket.socket | None,
    exchanges: socket.socket,
    tallies: Tallies,
    clock: Clock,
) -> AsyncIterator[None]:
    """
    Serve for as long as the block takes.

    Args:
        settings: Of the whole daemon.
        place: Bound where Envoy calls; None: nowhere.
        exchanges: Where exchanges are handed over.
        tallies: Told the end and the fate of every stream.
        clock: Tells the time.

    Raises:
        ConfigError: If there can be no server.

    """
    if place is None:
        yield
        return

    def hand_over(parcel: handover.Parcel) -> bool:
        return bool(handover.send(exchanges, [parcel]))

    def count(end: End, fate: Fate) -> None:
        tallies.add("ext_proc_streams_total", end.value)
        tallies.add("exchanges_total", SOURCE, fate.value)

    observer = ExtProc(
        settings.traffic.ext_proc,
        routes=sampled_routes(settings),
        models={RouteName(name): _models(settings, name) for name in settings.routes},
        sampling=Sampling(settings.traffic.sampling_salt),
        hand_over=hand_over,
        count=count,
        clock=clock,
    )
    server = make_server(settings.traffic.ext_proc, place, observer.observe)
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


def _models(settings: Settings, route: str) -> frozenset[ModelName]:
    """Return the models that may have answered a route's requests."""
    on_trial = (trial.optimized for trial in settings.trials.values() if trial.route == route)
    return frozenset(map(ModelName, (settings.routes[route].baseline, *on_trial)))
