"""Serves the console, in the control process: console/, gates/ and what notify/ shows, in one."""

from __future__ import annotations

import contextlib
import socket

from collections.abc import AsyncIterator, Mapping

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.console.curve import Curve
from shadowmon.console.server import make_app, serve
from shadowmon.daemon.desk import DaemonDesk
from shadowmon.daemon.handed_out import ASKED_BY_POST, hand_out
from shadowmon.gates import gates
from shadowmon.ipc.board import Board
from shadowmon.notify.notifier import Notifier
from shadowmon.records import TrialId
from shadowmon.telemetry.metrics import Collector
from shadowmon.telemetry.scrapes import Scrapes


@contextlib.asynccontextmanager
async def serving_console(
    desk: DaemonDesk,
    settings: Settings,
    listening: socket.socket,
    *,
    board: Board,
    actuators: Mapping[TrialId, Actuator],
    notifier: Notifier,
    clock: Clock,
) -> AsyncIterator[None]:
    """Serve for as long as the block takes."""
    app = make_app(
        desk,
        settings.console,
        Scrapes(Collector(desk.view, board), clock),
        more=[*gates.routes(desk, clock), *notifier.routes(), *Curve(desk).routes()],
        asked_by_post=ASKED_BY_POST | gates.ASKED_BY_POST,
    )
    hand_out(app, settings, actuators, board)
    runner = await serve(app, settings.console, listening)
    try:
        yield
    finally:
        await runner.cleanup()
