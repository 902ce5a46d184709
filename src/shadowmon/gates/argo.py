"""
Argo Rollouts' web metric, and the same answer for jobs and for CI.

https://argo-rollouts.readthedocs.io/en/stable/analysis/web/. Any status but 2xx is a measurement
*error* there, and a fifth one in a row aborts the rollout: so every answer to Argo is a 200 that
says pass, fail or insufficient, even to a name that is not known. `deploy/argo` has templates.
"""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.gates.answer import Answer, not_called, there_are
from shadowmon.gates.desk import GateDesk
from shadowmon.gates.standing import WORST, Word, about, standing
from shadowmon.view import DaemonView


ARGO_PATH = "/api/v1/gates/argo/{trial}"
VERDICT_PATH = "/api/v1/gates/verdict/{trial}"


def argo_answer(view: DaemonView, name: str, *, version: str = "", now: datetime) -> Answer:
    """
    Answer Argo.

    Args:
        view: The picture.
        name: The trial's.
        version: Of the model that is being rolled out; empty: whichever the trial judges.
        now: The time.
    """
    found = standing(view, name, now=now)
    if found is None:
        sentence = f"{not_called(name)}; {there_are(view)}"
        told = {"verdict": Word.INSUFFICIENT.value, "value": WORST, "sentence": sentence}
        return Answer(status=200, body=told)
    return Answer(status=200, body=about(found, version).told())


def verdict_answer(view: DaemonView, name: str, *, now: datetime) -> Answer:
    """Answer whoever can read a status: a name that is not known is a 404."""
    found = standing(view, name, now=now)
    if found is None:
        error = {"message": not_called(name), "hint": there_are(view)}
        return Answer(status=404, body={"error": error})
    return Answer(status=200, body=found.told())


class Argo:
    """The routes."""

    def __init__(self, desk: GateDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return what is served. Argo may be configured to ask by POST or PUT."""
        return [
            web.get(ARGO_PATH, self.argo),
            web.post(ARGO_PATH, self.argo),
            web.put(ARGO_PATH, self.argo),
            web.get(VERDICT_PATH, self.verdict),
        ]

    async def argo(self, request: web.Request) -> web.Response:
        """Answer Argo; `?version=` names the version that is being rolled out."""
        name, version = request.match_info["trial"], request.query.get("version", "")
        view = self._desk.view()
        return argo_answer(view, name, version=version, now=self._clock.now()).response()

    async def verdict(self, request: web.Request) -> web.Response:
        """Answer `shadowmon verdict`."""
        name = request.match_info["trial"]
        return verdict_answer(self._desk.view(), name, now=self._clock.now()).response()
