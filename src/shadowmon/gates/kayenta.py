"""
Kayenta, spoken two ways: as Argo's Kayenta provider asks it, and as its remote judge.

To Argo every trial is a canary configuration of its own, and a canary's run is over when it begins:
its id holds all that the answer needs, so that nothing is remembered and a restart forgets nothing.

Rule: what is insufficient scores exactly `marginal`, which Argo reads as inconclusive. Where both
thresholds are the same there is no such score: the run is not complete then, and Argo asks again.
"""

from __future__ import annotations

import asyncio
import re

from datetime import datetime
from typing import Any

import msgspec

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.gates.answer import Answer, body_of, no_trial
from shadowmon.gates.desk import GateDesk
from shadowmon.gates.kayenta_config import UnjudgeableError, read
from shadowmon.gates.kayenta_score import judged
from shadowmon.gates.standing import Standing, Word, standing
from shadowmon.view import DaemonView


BASE = "/api/v1/gates/kayenta"
JUDGE_PATH = "/judge"
_RUN = re.compile(r"([A-Za-z0-9_.-]{1,63})~([0-9]{1,3})~([0-9]{1,3})")
_MOST = 100


class _Thresholds(msgspec.Struct):
    passes: float = msgspec.field(name="pass", default=75.0)
    marginal: float = 50.0

    def are_fit(self) -> bool:
        """Are they whole numbers, and in order?"""
        are_whole = self.passes.is_integer() and self.marginal.is_integer()
        return are_whole and 0 <= self.marginal <= self.passes <= _MOST


class _Begun(msgspec.Struct):
    thresholds: _Thresholds = msgspec.field(default_factory=_Thresholds)


def configs_answer(view: DaemonView) -> Answer:
    """Answer which canary configurations there are: one for each trial."""
    return Answer(
        status=200, body=[{"id": trial.trial_id, "name": trial.trial_id} for trial in view.trials]
    )


def begun_answer(view: DaemonView, name: str, body: bytes) -> Answer:
    """Begin a run."""
    if name not in {trial.trial_id for trial in view.trials}:
        return no_trial(name, view)
    try:
        limits = msgspec.json.decode(body, type=_Begun).thresholds
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Answer(status=400, body="this is no request of Argo's: it holds scopes, thresholds")
    if not limits.are_fit():
        return Answer(status=422, body="thresholds are whole numbers: 0 <= marginal <= pass <= 100")
    run = f"{name}~{limits.passes:.0f}~{limits.marginal:.0f}"
    return Answer(status=200, body={"canaryExecutionId": run})


def run_answer(view: DaemonView, run: str, *, now: datetime) -> Answer:
    """Answer how a run stands."""
    read_back = _RUN.fullmatch(run)
    if read_back is None:
        return Answer(status=404, body="no run has this id")
    name, passes, marginal = read_back[1], int(read_back[2]), int(read_back[3])
    found = standing(view, name, now=now)
    if found is None:
        return no_trial(name, view)
    if found.word is Word.INSUFFICIENT and marginal >= passes:
        return Answer(status=200, body={"complete": False, "status": "running"})
    return Answer(status=200, body=_complete(found, _points(found.word, marginal)))


def _points(word: Word, marginal: int) -> int:
    match word:
        case Word.PASS:
            return _MOST
        case Word.INSUFFICIENT:
            return marginal
        case Word.FAIL:
            # Where everything from 0 on is marginal, a failure can only be told from below.
            return 0 if marginal > 0 else -1


def _complete(found: Standing, points: int) -> dict[str, Any]:
    score = {
        "score": float(points),
        "classification": found.word.value,
        "classificationReason": found.sentence,
    }
    return {
        "complete": True,
        "status": "succeeded",
        "result": {"judgeResult": {"judgeName": "shadowmon", "score": score}},
    }


class Kayenta:
    """The routes."""

    def __init__(self, desk: GateDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return what is served. The judge also stands where its client drops a base's path."""
        return [
            web.get(f"{BASE}/canaryConfig", self.configs),
            web.post(f"{BASE}/canary/{{id}}", self.begin),
            web.get(f"{BASE}/canary/{{id}}", self.run),
            web.post(f"{BASE}{JUDGE_PATH}", self.judge),
            web.post(JUDGE_PATH, self.judge),
        ]

    async def configs(self, request: web.Request) -> web.Response:
        """Answer Argo's first call."""
        del request
        return configs_answer(self._desk.view()).response()

    async def begin(self, request: web.Request) -> web.Response:
        """Answer Argo's second call."""
        name, body = request.match_info["id"], await body_of(request)
        return begun_answer(self._desk.view(), name, body).response()

    async def run(self, request: web.Request) -> web.Response:
        """Answer Argo's third call, which it repeats."""
        run = request.match_info["id"]
        return run_answer(self._desk.view(), run, now=self._clock.now()).response()

    async def judge(self, request: web.Request) -> web.Response:
        """Judge what Kayenta measured. In a thread: thousands of points are some work."""
        body = await body_of(request)
        answered = await asyncio.to_thread(judge_answer, body)
        return answered.response()


def judge_answer(body: bytes) -> Answer:
    """Answer a remote judge's request."""
    try:
        return Answer(status=200, body=judged(read(body)))
    except UnjudgeableError as error:
        return Answer(status=error.status, body=str(error))
