"""Recorded requests, asked again of model servers behind real sockets."""

from __future__ import annotations

import asyncio
import json

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shadowmon.clock import Clock, SystemClock
from shadowmon.config.settings import Settings
from shadowmon.daemon.parts import to_file
from shadowmon.daemon.recorded_line import LineWriter
from shadowmon.daemon.recording import Recording, recognised
from shadowmon.daemon.replay import Replay, drawn, plan_of
from shadowmon.daemon.replay_outlet import Folding
from shadowmon.daemon.replay_requests import OWN_CALL, Requests
from shadowmon.daemon.replay_traffic import NO_CALL, TrafficReplay
from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.recordings.formats import format_of
from shadowmon.traffic.recordings.recording import Arms
from shadowmon.traffic.redact import Redaction
from tests.factories import NOON
from tests.integration.mirror.model_server import ModelServer, a_model_server, always, http
from tests.traffic_files import (
    asking,
    gor,
    gor_file,
    har,
    har_entry,
    http_request,
    http_response,
    jsonl,
    saying,
)


ARMS = Arms(route=RouteName("chat"), baseline=ModelName("base"), optimized=ModelName("int8"))


class ManualClock:
    """Moves only while somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


def says(text: str) -> bytes:
    """Return a model server's answer."""
    return http(json.dumps(saying(text)).encode(), b"content-type: application/json")


@dataclass
class Run:
    """A replay against two model servers."""

    tmp_path: Any
    clock: Clock = field(default_factory=SystemClock)
    speed: float | None = None
    answers: dict[str, Any] = field(
        default_factory=lambda: {"base": always(says("a")), "int8": always(says("b"))}
    )
    models: dict[str, Any] = field(default_factory=dict)
    route: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    limit: int | None = None
    may_call: bool = True
    is_down: frozenset[str] = frozenset()
    moved: Callable[[int], None] = lambda _: None
    servers: dict[str, ModelServer] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def settings(self) -> Settings:
        """Return a trial of int8 against base."""
        return Settings.model_validate(
            {
                "models": {
                    name: {
                        "url": "http://127.0.0.1:9" if name in self.is_down else server.url,
                        **self.models.get(name, {}),
                    }
                    for name, server in self.servers.items()
                },
                "routes": {"chat": {"baseline": "base", "path_prefix": "/v1", **self.route}},
                "trials": {"int8": {"route": "chat", "optimized": "int8", "task": "chat"}},
                "store": {"path": str(self.tmp_path / "store.db")},
                **self.more,
            }
        )

    async def over(self, data: bytes, name: str = "recording") -> Replay:
        """Replay a file with this content."""
        file = self.tmp_path / name
        file.write_bytes(data)
        async with AsyncExitStack() as stack:
            for model, answer in self.answers.items():
                self.servers[model] = await stack.enter_async_context(a_model_server(answer))
            settings = self.settings()
            replay = Replay(settings, plan_of(settings, None), every=1000)
            kind = recognised(str(file))
            assert kind is not None
            reader = format_of(kind, arms=ARMS, litellm=(), routes=settings.routes)

            def refuse(problem: str, file: str, number: int) -> None:
                replay.refuse(problem, file=file, number=number)

            with Recording([str(file)], kind, reader, refuse=refuse) as recording:
                writer = LineWriter(
                    Redaction(settings.traffic.redaction), settings.traffic.redaction
                )
                self.again = TrafficReplay(
                    settings,
                    replay.plan,
                    requests=lambda route: Requests(
                        settings, ARMS, route.codec, recording, self.clock
                    ),
                    outlet=Folding(replay, recording, writer, None),
                    clock=self.clock,
                    speed=self.speed,
                    may_call=self.may_call,
                    moved=self.moved,
                )
                await self.again.run(recording.slots[: self.limit], self.stopping)
        return replay

    def calls(self) -> dict[str, int]:
        """Return how often each model was called."""
        return {name: len(server.requests) for name, server in self.servers.items()}


def refused(replay: Replay) -> dict[str, int]:
    """Return what was not counted, by reason."""
    return dict(replay.part().refused)


async def test_requests_alone(tmp_path):
    """A request that nobody answered is asked of both models, marked as a shadow call."""
    run = Run(tmp_path)

    replay = await run.over(gor_file(3))

    assert replay.part().pairs == 3
    assert run.calls() == {"base": 3, "int8": 3}
    sent = run.servers["int8"].requests[0]
    assert sent.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert b"x-shadowmon-shadow: 1\r\n" in sent
    assert b'"content": "question 0"' in sent


async def test_with_production_s_answers(tmp_path):
    """An answer that was recorded is the baseline's: only the other model is asked."""
    run = Run(tmp_path)

    replay = await run.over(gor_file(3, answered=True))

    assert replay.part().pairs == 3
    assert run.calls() == {"base": 0, "int8": 3}
    assert run.again.told.asked == 3


async def test_ready_pairs(tmp_path):
    """With both answers recorded nobody is asked, at no speed, and no model has to be there."""
    records = [
        gor(kind, name, message, at=number * 3600.0)
        for number, name in enumerate("abc")
        for kind, message in ((1, http_request()), (2, http_response()), (3, http_response()))
    ]
    run = Run(tmp_path, speed=1.0, may_call=False)

    replay = await run.over(b"".join(reversed(records)))

    assert replay.part().pairs == 3
    assert run.calls() == {"base": 0, "int8": 0}
    assert run.again.told.asked == 0


async def test_without_models(tmp_path):
    """Where no model may be called, a request that lacks an answer is counted."""
    run = Run(tmp_path, may_call=False)

    replay = await run.over(gor_file(2, answered=True))

    assert refused(replay) == {NO_CALL: 2}
    assert run.calls() == {"base": 0, "int8": 0}


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 40.0), (10.0, 4.0), (None, 0.0)])
async def test_times(tmp_path, speed, seconds):
    """Requests go at the times of the recording, or faster by a factor, or at once."""
    clock = ManualClock()
    run = Run(tmp_path, clock=clock, speed=speed)

    replay = await run.over(gor_file(5, every=10.0))

    assert replay.part().pairs == 5
    assert clock.seconds == pytest.approx(seconds)
    assert run.again.told.behind_seconds == pytest.approx(0.0)


async def test_a_limit(tmp_path):
    """Only the first requests are asked."""
    run = Run(tmp_path, limit=2)

    replay = await run.over(gor_file(5))

    assert replay.part().pairs == 2
    assert run.again.told.begun == 2


async def test_many_at_a_time_but_no_more(tmp_path):
    """As fast as possible means many at one time, and never more than the mirror's limit."""
    present, most = 0, 0

    async def slow(connection):
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(0.02)
        present -= 1
        await connection.send(says("b"))

    run = Run(
        tmp_path,
        answers={"base": always(says("a")), "int8": slow},
        models={"int8": {"connections_max": 4}},
    )

    replay = await run.over(gor_file(20))

    assert replay.part().pairs == 20
    assert most == 4


async def test_a_failing_model(tmp_path):
    """A model that answers with an error has failed, and that is a pair."""
    broken = always(http(b"{}", status=b"500 Broken"))
    run = Run(tmp_path, answers={"base": always(says("a")), "int8": broken})

    replay = await run.over(gor_file(4))

    view = drawn(replay.part())
    error = next(each for each in view.figures if each.metric.name == "error")
    assert replay.part().pairs == 4
    assert (error.baseline_rate, error.optimized_rate) == (0, 1)


async def test_what_is_not_asked_again(tmp_path):
    """Whatever is no use is counted by its reason, with its place; nothing is lost."""
    marked = http_request(asking(), "X-Shadowmon-Shadow: 1")
    agent = asking(messages=[{"role": "tool", "content": "18", "tool_call_id": "c"}])
    records = [
        gor(1, "good", http_request()),
        gor(1, "marked", marked),
        gor(1, "elsewhere", http_request(target="/metrics")),
        gor(1, "writes", http_request().replace(b"POST", b"PUT", 1)),
        gor(1, "models", b"GET /v1/models HTTP/1.1\r\n\r\n"),
        gor(1, "agent", http_request(agent)),
        gor(1, "unreadable", http_request().replace(b'"model"', b"'model'", 1)),
        gor(2, "alone", http_response()),
        b"nonsense\n" + gor(1, "x", b""),
    ]
    run = Run(tmp_path)

    replay = await run.over(b"".join(records), "a.gor")

    found = refused(replay)
    assert replay.part().pairs == 1
    assert replay.part().pairs + sum(found.values()) == len(records)
    assert found[OWN_CALL] == 1
    assert found["it is of no route, and the trial is on chat"] == 1
    assert found["an answer without its request"] == 1
    assert {reason for reason in found if reason.startswith("it is never mirrored")} == {
        "it is never mirrored: write",
        "it is never mirrored: not_inference",
        "it is never mirrored: agent_turn",
    }
    assert any(reason.startswith("the codec cannot read it: ") for reason in found)
    assert {each.line for each in replay.refusals} == {2, 3, 4, 5, 6, 7, 8, 9}
    assert run.calls() == {"base": 1, "int8": 1}


async def test_an_archive(tmp_path):
    """Of what a browser saw only inference is asked again."""
    page = har_entry(request={"method": "GET", "url": "https://api/index.html", "postData": None})
    run = Run(tmp_path)

    replay = await run.over(har(har_entry(), page, har_entry()))

    assert replay.part().pairs == 2
    assert run.calls() == {"base": 0, "int8": 2}
    assert sum(refused(replay).values()) == 1


async def test_a_second_answer(tmp_path):
    """With a self-check the baseline is asked again, as in the live mirror."""
    run = Run(tmp_path, route={"self_check_rate": 1.0})

    replay = await run.over(gor_file(3, answered=True))

    metrics = {cell.metric for cell in replay.part().accounts}
    assert run.calls() == {"base": 3, "int8": 3}
    assert any(metric.endswith("_floor") for metric in metrics)


async def test_a_rate(tmp_path):
    """What a rate does not allow now is asked a moment later, and none is left out."""
    clock = ManualClock()
    run = Run(tmp_path, clock=clock, models={"int8": {"budget": {"requests_per_second": 2}}})

    replay = await run.over(gor_file(12, answered=True))

    assert replay.part().pairs == 12
    assert refused(replay) == {}
    assert clock.seconds == pytest.approx(5.0, abs=0.2)  # two at once, and then two a second


async def test_a_day_s_budget(tmp_path):
    """Where a day's tokens are spent the replay stops, and what is left is still to be done."""
    run = Run(
        tmp_path,
        models={"int8": {"budget": {"tokens_per_day": 20}, "connections_max": 1}},
    )

    replay = await run.over(gor_file(50, answered=True))

    done = replay.part().pairs
    assert 1 <= done < 5
    assert run.again.told.stopped_by == "int8 has spent its tokens_per_day"
    assert run.again.told.begun == done
    assert refused(replay) == {}


async def test_a_model_that_is_down(tmp_path):
    """A model that stays down stops the replay: its failures are not the recording's length."""
    clock = ManualClock()
    breaker = {"failures": 3, "open_seconds": 5, "open_seconds_max": 5}
    run = Run(
        tmp_path,
        clock=clock,
        models={"int8": {"breaker": breaker, "connections_max": 1}},
        is_down=frozenset({"int8"}),
    )

    replay = await run.over(gor_file(500, answered=True))

    assert run.again.told.stopped_by == "base or int8 has been down for long"
    assert clock.seconds >= 60
    assert replay.part().pairs < 30
    assert run.again.told.begun == replay.part().pairs


async def test_told_to_stop(tmp_path):
    """Told to stop, it begins nothing more and finishes what is under way."""
    run = Run(tmp_path, models={"int8": {"connections_max": 2}})
    run.moved = lambda _: run.stopping.set() if run.again.told.begun == 7 else None

    replay = await run.over(gor_file(100))

    assert run.again.told.begun == 7
    assert replay.part().pairs == 7


async def test_labels(tmp_path):
    """A label that was recorded with a request is counted with its pair."""
    lines = [{"body": asking(str(n)), "label": "a"} for n in range(3)]
    trial = {
        "route": "chat",
        "optimized": "int8",
        "task": "classification",
        "labels": {"expected": "all"},
    }
    run = Run(tmp_path, more={"trials": {"int8": trial}})

    replay = await run.over(jsonl(*lines))

    assert replay.part().pairs == 3
    assert any(cell.metric == "correct" for cell in replay.part().accounts)


async def test_slices(tmp_path):
    """Requests are in the slices that the configuration says."""
    traffic = {"slices": {"vip": {"header": "x-vip"}}}
    line = {"body": asking(), "headers": {"X-Vip": "1"}}
    run = Run(tmp_path, more={"traffic": traffic})

    replay = await run.over(jsonl(line, {"body": asking()}))

    assert {cell.slice for cell in replay.part().accounts} == {"all", "vip"}


async def test_the_same_twice(tmp_path):
    """Recorded answers are judged to the last bit the same by every run."""
    data = b"".join(
        gor(1, name, http_request(), at=number)
        + gor(2, name, http_response(saying("a b c")), at=number + 0.5)
        + gor(3, name, http_response(saying(f"a b {name}")), at=number, latency=0.25)
        for number, name in enumerate("abcdef")
    )

    first, second = await Run(tmp_path).over(data), await Run(tmp_path).over(data)

    assert to_file(first.part()) == to_file(second.part())
