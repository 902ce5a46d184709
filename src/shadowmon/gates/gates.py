"""
All gates that answer from the daemon's picture, for whoever serves them.

Rule: whoever asks a gate carries no token, for Flagger, Argo and Kayenta have no place for one; so
what is asked by POST and changes nothing is listed here. Everything else stays the operator's.
"""

from __future__ import annotations

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.gates import argo, flagger, kayenta
from shadowmon.gates.desk import GateDesk


ASKED_BY_POST = frozenset(
    {
        argo.ARGO_PATH,
        flagger.PATH,
        *(gate.value for gate in flagger.Gate if gate not in flagger.OPERATIONS),
        f"{kayenta.BASE}/canary/{{id}}",
        f"{kayenta.BASE}{kayenta.JUDGE_PATH}",
        kayenta.JUDGE_PATH,
    }
)
"""Resources, as aiohttp's `resource.canonical` writes them, whose POST changes nothing."""


def routes(desk: GateDesk, clock: Clock) -> list[web.RouteDef]:
    """Return every route."""
    return [
        *flagger.Flagger(desk, clock).routes(),
        *argo.Argo(desk, clock).routes(),
        *kayenta.Kayenta(desk, clock).routes(),
    ]
