"""
What other controllers are answered, told in text files: a real console on a real socket.

Each line says what is so, or what is asked; `story` says how new answers are accepted.

    trial [NAME] KEY=VALUE …         how the trial stands: grade, decision, phase, paused, drifted,
                                     version, upper (a number or none), verdict (none),
                                     hours (08:00-09:00: its only change window, in UTC), climb
                                     (no), complaints (what users have against it), route,
                                     stage (-1 is the shadow), pairs (in this stage), approval
                                     (of the next stage: missing), weight (applied, if another)
    store down|up                    the journal cannot be written, or can be again
    silent SECONDS                   the picture is so old
    refuse SENTENCE                  the daemon refuses whatever a person asks
    token WORD                       an operator's token is configured
    hooks BODY                       every hook of Flagger's, with one body
    gates BODY                       every path of the load tester's that changes nothing
    METHOD PATH [BODY]               one request
"""

from __future__ import annotations

import contextlib
import gc
import json
import time

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import time as clock
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from shadowmon.clock import SystemClock
from shadowmon.console.server import make_app
from shadowmon.console.settings import ConsoleSettings
from shadowmon.errors import RefusedError, StoreError
from shadowmon.gates.flagger import OPERATIONS, Gate, Hook
from shadowmon.gates.gates import ASKED_BY_POST, routes
from shadowmon.records import Decision, Grade, Phase, RouteName, TrialId, Weight
from shadowmon.rollout.course import Course
from shadowmon.rollout.windows import DAYS, Window
from shadowmon.testing.desks import ScriptedDesk
from tests.consoles import metrics
from tests.factories import NOON
from tests.scenarios.story import blocks_of, hold, text_of
from tests.views import a_figure, a_trial_view, a_verdict, a_view


STORIES = sorted(Path(__file__).parent.glob("gates/*.txt"))
ANSWER_SECONDS = 0.2
_JSON = "application/json"


class NoonClock(SystemClock):
    """It is noon."""

    def now(self):
        """See `Clock.now`."""
        return NOON


class Stage:
    """A console with gates, before a desk that shows what a story says."""

    def __init__(self) -> None:
        self.desk = ScriptedDesk(a_view())
        self.token: str | None = None

    async def tell(self, line: str) -> AsyncIterator[str]:
        word, _, rest = line.partition(" ")
        match word:
            case "trial":
                self.stand(*rest.split())
            case "store":
                self.desk.show(store_problem="the disk is full" if rest == "down" else "")
                self.desk.unreachable = StoreError("the disk is full") if rest == "down" else None
            case "silent":
                self.desk.show(at=NOON - timedelta(seconds=float(rest)))
            case "refuse":
                self.desk.refuses = RefusedError(rest)
            case "token":
                self.token = rest
            case "hooks":
                for hook in Hook:
                    answered = await self.ask("POST", f"/api/v1/gates/flagger/{hook}", rest)
                    yield f"{hook}: {answered}"
            case "gates":
                for gate in Gate:
                    if gate not in OPERATIONS:
                        yield f"{gate.value}: {await self.ask('POST', gate.value, rest)}"
            case "GET" | "POST" | "PUT":
                path, _, body = rest.partition(" ")
                yield await self.ask(word, path, body)
            case _:
                pytest.fail(f"no such line in a story: {line!r}")

    def stand(self, name: str, *words: str) -> None:
        if "=" in name:
            name, words = "int8", (name, *words)
        said = dict(word.split("=") for word in words)
        trial = a_trial_view()
        grade = Grade(said.get("grade", "wait"))
        verdict = a_verdict(
            grade=grade,
            decision=Decision(said.get("decision", "hold")),
            sentence=f"{said.get('decision', 'hold')}: {grade.value.replace('_', ' ')}",
        )
        state = replace(
            trial.state,
            trial_id=TrialId(name),
            phase=Phase(said.get("phase", "progressing")),
            paused="paused" in said,
            drifted="drifted" in said,
            stage_index=int(said.get("stage", "1")),
            applied_weight=Weight(int(said.get("weight", "1000"))),
        )
        upper = said.get("upper", "0.022")
        trial = replace(
            trial,
            trial_id=TrialId(name),
            state=state,
            version=said.get("version", "1"),
            verdict=None if said.get("verdict") == "none" else verdict,
            figures=(a_figure(upper=None if upper == "none" else float(upper)),),
            course=a_course_of(said),
            route=RouteName(said.get("route", name)),
            pairs_in_stage=int(said.get("pairs", "310")),
            objection=said.get("complaints", "").replace("_", " "),
        )
        others = (each for each in self.desk.view().trials if each.trial_id != name)
        self.desk.show(trials=(*others, trial))

    async def ask(self, method: str, path: str, body: str) -> str:
        token = None if self.token is None else SecretStr(self.token)
        app = make_app(
            self.desk,
            ConsoleSettings(operator_token=token),
            metrics,
            more=routes(self.desk, NoonClock()),
            asked_by_post=ASKED_BY_POST,
        )
        headers = {"content-type": _JSON} if body else {}
        async with TestClient(TestServer(app)) as client:
            with swept_later():
                started = time.perf_counter()
                async with client.request(method, path, data=body, headers=headers) as answer:
                    text = await answer.text()
                took = time.perf_counter() - started
            assert took <= ANSWER_SECONDS, f"{method} {path} took {took:.3f} s"
            return f"{answer.status} {written(answer, text)}"


@contextlib.contextmanager
def swept_later() -> Iterator[None]:
    """Let the collector wait: what thousands of tests left in this process is not the gate's."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def a_course_of(said: Mapping[str, str]) -> Course:
    """Return the course that a story tells of."""
    course = a_trial_view().course
    stages = tuple(
        replace(stage, needs_approval="approval" in said) for stage in course.ladder.stages
    )
    return replace(
        course,
        ladder=replace(course.ladder, stages=stages),
        may_climb=said.get("climb") != "no",
        windows=a_window(said["hours"]) if "hours" in said else (),
    )


def a_window(hours: str) -> tuple[Window]:
    """Return the change window of these hours of every day."""
    begin, end = map(clock.fromisoformat, hours.split("-"))
    return (Window(days=DAYS, begin=begin, end=end, zone="UTC"),)


def written(answer: aiohttp.ClientResponse, text: str) -> str:
    """Write an answer on one line; its JSON holds no NaN, no infinity and no null."""
    if answer.content_type != _JSON:
        return text.strip()
    return json.dumps(json.loads(text, parse_constant=_no_constant))


def _no_constant(text: str) -> Any:
    pytest.fail(f"{text} is no JSON")


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_story(story: Path):
    """Whoever asks is answered as the story says, each time within 200 ms."""
    stage = Stage()
    blocks = blocks_of(story)
    for block in blocks:
        for line in block.lines:
            block.answers.extend([answer async for answer in stage.tell(line)])
    hold(story, text_of(blocks))


def test_every_hook_is_told_in_every_standing():
    """Each standing has its transcript: what others are answered is never left to chance."""
    told = {path.stem for path in STORIES}

    assert {f"flagger_{word}" for word in ("pass", "fail", "insufficient")} <= told
