"""
Shares that are asked for: by Envoys (gates/xds.py), and by applications (gates/ofrep.py).

A trial is a flag where its actuator is `openfeature`, and where our own proxy moves its traffic: a
user then meets one model whether she comes through the proxy or through an application.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from aiohttp import web

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.envoy import EnvoyWeights
from shadowmon.actuators.openfeature import OpenFeatureFlag
from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.config.settings import Settings
from shadowmon.gates import ofrep, xds
from shadowmon.ipc.board import Board
from shadowmon.records import TrialId, Weight
from shadowmon.sticky import salt_of


ASKED_BY_POST = frozenset({xds.PATH, ofrep.ALL_PATH, ofrep.ONE_PATH})
"""Resources, as aiohttp's `resource.canonical` writes them, whose POST changes nothing."""


def hand_out(
    app: web.Application, settings: Settings, actuators: Mapping[TrialId, Actuator], board: Board
) -> None:
    """
    Let an application serve every share that is asked for, and let go of whoever waits at its end.

    Raises:
        ConfigError: If two trials would hand out one resource to Envoy.

    """
    envoys = xds.Xds([each for each in actuators.values() if isinstance(each, EnvoyWeights)])
    app.add_routes(envoys.routes())
    app.add_routes(ofrep.Ofrep(_flags(settings, actuators, board)).routes())

    async def release(_: web.Application) -> None:
        envoys.release()

    app.on_shutdown.append(release)


def _flags(
    settings: Settings, actuators: Mapping[TrialId, Actuator], board: Board
) -> Iterator[ofrep.Flag]:
    for number, (trial_id, actuator) in enumerate(actuators.items()):
        salt = salt_of(settings.proxy.rollout_salt, settings.trials[trial_id].route)
        if isinstance(actuator, OpenFeatureFlag):
            yield ofrep.Flag(key=actuator.key, salt=salt, weight=partial(_weight_of, actuator))
        elif isinstance(actuator, ProxyWeights):
            yield ofrep.Flag(key=trial_id, salt=salt, weight=partial(board.weight, number))


def _weight_of(actuator: OpenFeatureFlag) -> Weight | None:
    return actuator.weight
