"""Exchanges in, counts out: real model servers, real scorer processes, a board of one's own."""

from __future__ import annotations

import asyncio
import json
import re

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from structlog.testing import capture_logs

from shadowmon.clock import SystemClock
from shadowmon.config.settings import Settings
from shadowmon.daemon.intake import Intake
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.records import (
    EVERYTHING,
    Arm,
    Ending,
    Exchange,
    ExchangeId,
    ModelName,
    RouteName,
    Served,
)
from shadowmon.traffic.redact import kept_id
from shadowmon.traffic.settings import Privacy
from tests.factories import an_exchange
from tests.integration.mirror.model_server import (
    Answering,
    Connection,
    a_model_server,
    always,
    http,
)
from tests.strangers import BREAKS_READING, install


BASE = ModelName("base")
GOOD = b'{"choices": [{"message": {"content": "hi"}}]}'
SAYS_HI = always(http(GOOD))
HELLO = {"role": "user", "content": "hello"}


def served(**changes: Any) -> Served:
    return replace(
        Served(model=BASE, ending=Ending.COMPLETE, status=200, body=GOOD, duration_seconds=0.1),
        **changes,
    )


def a_question(*messages: dict[str, Any], number: int = 0, **changes: Any) -> Exchange:
    """Return an exchange that the baseline has answered; any field may be named."""
    body = json.dumps({"messages": list(messages) or [HELLO]}).encode()
    answered = an_exchange(body, served=served(), id=ExchangeId(f"x-{number}"))
    return replace(answered, **changes)


@asynccontextmanager
async def an_intake(
    tmp_path: Path,
    answer: Answering = SAYS_HI,
    int8: Mapping[str, Any] | None = None,
    **changes: Any,
) -> AsyncIterator[tuple[Intake, Any]]:
    """Run an intake for two trials, of which one wants no pairs; changes are to settings."""
    of_int8 = dict(int8 or {})
    async with a_model_server(answer) as server:
        tree: dict[str, Any] = {
            "models": {
                "base": {"url": server.url},
                "int8": {"url": server.url, **of_int8},
                "old": {"url": server.url},
            },
            "routes": {
                "chat": {"baseline": "base", "codec": "openai"},
                "idle": {"baseline": "base", "path_prefix": "/idle"},
            },
            "trials": {
                "int8": {
                    "route": "chat",
                    "task": "custom",
                    "optimized": "int8",
                    "actuator": "proxy",
                },
                "old": {"route": "chat", "task": "custom", "optimized": "old"},
            },
            "store": {"path": str(tmp_path / "shadowmon.db")},
            "daemon": {"flush_seconds": 0.05},
        }
        for name, change in changes.items():
            tree[name] = {**tree.get(name, {}), **change} if isinstance(change, dict) else change
        board = Board.create()
        board.set_trial(0, TrialCell.ACTIVE, 1)
        intake = Intake.build(Settings.model_validate(tree), board, SystemClock())
        async with intake:
            work = asyncio.create_task(intake.work())
            try:
                yield intake, server
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                board.close()


async def run(intake: Intake, exchanges: list[Exchange]) -> None:
    """Let an intake deal with these, all of them at once, and wait until it has."""
    for each in exchanges:
        intake.offer(each)
    async with asyncio.timeout(20):
        while intake.tallies.total("exchanges_total") < len(exchanges):
            await asyncio.sleep(0.01)
        await intake.drain()


def adds_up(intake: Intake, offered: int, trials: tuple[str, ...] = ("int8", "old")) -> bool:
    """Hold the counters against one another: offered = scored + all that fell out, by reason."""
    total = intake.tallies.total
    return total("exchanges_total", "mirror") == offered and all(
        total("trial_exchanges_total", trial) == offered
        and total("trial_exchanges_total", trial, "mirrored")
        == total("pairs_total", trial)
        + total("unpaired_total", trial)
        + total("unscorable_total", trial)
        and total("trial_exchanges_total", trial, "budgeted_out")
        == total("budgeted_out_total", trial)
        for trial in trials
    )


@pytest.fixture(name="stranger")
def _stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("stranger")
async def test_each_way_to_fall_out_is_counted_once(tmp_path: Path) -> None:
    """Every exchange has one fate for each trial, with its reason, and all of it adds up."""
    tool = {"role": "tool", "content": "done"}
    acting = json.dumps({"messages": [HELLO], "tools": [{"type": "web_search"}]}).encode()
    routes = {"chat": {"baseline": "base", "codec": "stranger"}}
    exchanges = [
        *(a_question(number=number) for number in range(5)),
        a_question(method="DELETE"),
        a_question(HELLO, tool),
        a_question(body=acting),
        a_question(target="/v1/models", method="GET"),
        a_question(body=b"{"),
        a_question(body=BREAKS_READING.encode()),
        a_question(served=served(ending=Ending.CLIENT_GONE)),
        a_question(served=served(ending=Ending.TRUNCATED)),
    ]
    async with an_intake(tmp_path, routes=routes) as (intake, server):
        await run(intake, exchanges)
        total = intake.tallies.total

        assert adds_up(intake, len(exchanges))
        assert total("trial_exchanges_total", "old", "unwatched") == len(exchanges)
        assert total("pairs_total", "int8") == 5
        assert total("pair_replies_total", "int8", "optimized", "ok") == 5
        assert {
            reason: total("skipped_total", "chat", reason)
            for reason in ("write", "agent_turn", "server_side_tools", "not_inference")
        } == {"write": 1, "agent_turn": 1, "server_side_tools": 1, "not_inference": 1}
        assert total("trial_exchanges_total", "int8", "refused") == 1
        assert total("trial_exchanges_total", "int8", "failed") == 1
        assert total("unpaired_total", "int8", "client_gone") == 1
        assert total("unpaired_total", "int8", "baseline_truncated") == 1
        assert len(server.requests) == 5


async def test_routes_without_a_trial(tmp_path: Path) -> None:
    """What nobody watches is counted as such, and is no drop."""
    async with an_intake(tmp_path) as (intake, _):
        await run(intake, [a_question(route=RouteName(name)) for name in ("idle", "gone")])

        assert intake.tallies.total("exchanges_total", "mirror", "unwatched") == 2
        assert intake.tallies.total("sampled_by_length_total") == 0


async def test_a_full_line_sheds_and_counts(tmp_path: Path) -> None:
    """What finds no room is shed: for the exchange, for each trial, by length and by hour."""
    exchanges = [a_question(number=number) for number in range(50)]
    async with an_intake(tmp_path, mirror={"in_flight_max": 1, "queue_max": 10}) as (intake, _):
        await run(intake, exchanges)

        shed = intake.tallies.total("trial_exchanges_total", "int8", "shed")
        assert adds_up(intake, len(exchanges))
        assert shed >= 30
        assert intake.tallies.total("sampled_by_length_total", "1024", "dropped") == shed
        assert intake.tallies.total("sampled_by_hour_total", "12", "dropped") == shed
        assert intake.tallies.total("sampled_by_hour_total", "12", "kept") == 50 - shed


async def test_what_is_beyond_a_rate_is_not_called(tmp_path: Path) -> None:
    """A second's calls are made at once, the rest is counted by reason, and all adds up."""
    exchanges = [a_question(number=number) for number in range(40)]
    async with an_intake(tmp_path, int8={"budget": {"requests_per_second": 5}}) as (intake, server):
        await run(intake, exchanges)
        out = intake.tallies.total("budgeted_out_total", "int8", "optimized", "requests_per_second")

        assert adds_up(intake, 40)
        assert 5 <= len(server.requests) <= 10
        assert out == 40 - len(server.requests)


@pytest.mark.parametrize(("shadow_sampled", "flag"), [(True, b"-01"), (False, b"-00")])
async def test_shadow_calls_are_in_production_s_traces_if_asked(
    tmp_path: Path, shadow_sampled: bool, flag: bytes
) -> None:
    """The model is told to sample a user's trace if `tracing.shadow_sampled` says so."""
    trace = "ab" * 16
    asked = a_question(headers=(("traceparent", f"00-{trace}-{'cd' * 8}-01"),))
    telemetry = {"tracing": {"shadow_sampled": shadow_sampled}}
    async with an_intake(tmp_path, telemetry=telemetry) as (intake, server):
        await run(intake, [asked])

    found = re.findall(
        rb"traceparent: 00-" + trace.encode() + rb"-\w{16}(-\d\d)", server.requests[0]
    )
    assert found == [flag]


async def test_classes_are_counted_without_labels(tmp_path: Path) -> None:
    """Each pair says of every configured class which model called it, and no label is awaited."""
    watched = {
        "route": "chat",
        "task": "custom",
        "optimized": "int8",
        "labels": {"classes": ["hi", "bye"]},
    }
    async with an_intake(tmp_path, trials={"int8": watched}) as (intake, _):
        await run(intake, [a_question(number=number) for number in range(3)])
        counted = {
            cell.metric: counts
            for cell, counts in intake.take_changed().items()
            if cell.metric.startswith("called") and cell.slice == EVERYTHING
        }
        assert intake.take_awaiting() == []

    assert {name: tuple(counts)[:4] for name, counts in counted.items()} == {
        "called:hi": (0, 0, 0, 3),
        "called:bye": (3, 0, 0, 0),
        "called_no_class": (3, 0, 0, 0),
    }


@pytest.mark.parametrize(("tools", "pairs"), [("compare", 1), ("skip", 0)])
async def test_requests_with_tools_are_mirrored_as_configured(
    tmp_path: Path, tools: str, pairs: int
) -> None:
    """`mirror.side_effects.tools` says whether a request that offers tools is mirrored at all."""
    offered = [{"type": "function", "function": {"name": "weather"}}]
    asked = replace(a_question(), body=json.dumps({"messages": [HELLO], "tools": offered}).encode())
    async with an_intake(tmp_path, mirror={"side_effects": {"tools": tools}}) as (intake, _):
        await run(intake, [asked])

        assert intake.tallies.total("pairs_total", "int8") == pairs


async def test_a_day_s_tokens_outlive_the_process(tmp_path: Path) -> None:
    """Once the day's tokens are used up no call is made, by this process or by the next one."""
    usage = {"usage": {"prompt_tokens": 60, "completion_tokens": 40}}
    answer = always(http(json.dumps(json.loads(GOOD) | usage).encode()))
    budget = {"budget": {"tokens_per_day": 250}}
    told = []
    for _ in range(2):
        async with an_intake(tmp_path, answer, int8=budget) as (intake, server):
            for number in range(5):
                before = intake.tallies.total("exchanges_total")
                intake.offer(a_question(number=number))
                async with asyncio.timeout(20):
                    while intake.tallies.total("exchanges_total") == before:
                        await asyncio.sleep(0.01)
            await intake.drain()
            out = intake.tallies.total("budgeted_out_total", "int8", "optimized", "tokens_per_day")
            told.append((len(server.requests), out))
            assert adds_up(intake, 5)

    assert told == [(3, 2), (0, 5)]


async def test_a_dead_model_is_not_hammered_and_does_not_escape(tmp_path: Path) -> None:
    """Most exchanges cost it no call, and every one of them counts as its failure."""

    async def dies(connection: Connection) -> None:
        connection.reset()

    breaker = {"breaker": {"failures": 5, "open_seconds": 30}, "connections_max": 1}
    exchanges = [a_question(number=number) for number in range(60)]
    async with an_intake(tmp_path, dies, int8=breaker, mirror={"in_flight_max": 2}) as (
        intake,
        server,
    ):
        await run(intake, exchanges)
        total = intake.tallies.total
        gauges = {(each.name, each.labels): each.value for each in intake.gauges()}

        assert adds_up(intake, 60)
        assert 5 <= len(server.requests) <= 8
        assert total("pairs_total", "int8") == 60
        assert total("pair_replies_total", "int8", "optimized", "ok") == 0
        assert total("pair_replies_total", "int8", "optimized", "refused") >= 50
        assert gauges["breaker_open", ("int8",)] == 1


async def test_pinned_parameters_reach_both_models_or_none(tmp_path: Path) -> None:
    """They are set where both are called; where a user has an answer the call is as the user's."""
    routes = {"chat": {"baseline": "base", "codec": "openai", "pin": {"seed": 7}}}
    async with an_intake(tmp_path, routes=routes) as (intake, server):
        await run(intake, [a_question(), a_question(served=None, number=1)])
        seeds = [json.loads(each.partition(b"\r\n\r\n")[2]).get("seed") for each in server.requests]

        assert sorted(map(str, seeds)) == ["7", "7", "None"]


async def test_warm_prompts_are_counted_apart(tmp_path: Path) -> None:
    """A pair of which one model alone read the prompt from a cache is told as such."""
    usage = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 96}}
    answer = always(http(json.dumps(json.loads(GOOD) | {"usage": usage}).encode()))
    async with an_intake(tmp_path, answer) as (intake, _):
        await run(intake, [a_question()])

        assert intake.tallies.total("prompt_cache_pairs_total", "int8", "optimized") == 1


async def test_users_who_are_not_split_as_the_weight_says(tmp_path: Path) -> None:
    """At a weight of a half that nobody obeys the e-value passes its mark, and the log says so."""
    late = SystemClock().now() + timedelta(seconds=5)
    exchanges = [a_question(number=number, received_at=late) for number in range(60)]
    async with an_intake(tmp_path) as (intake, _):
        intake.board.set_trial(0, TrialCell.WEIGHT, 5_000)
        with capture_logs() as logged:
            await run(intake, exchanges)
        gauges = {(each.name, each.labels): each.value for each in intake.gauges()}
        total = intake.tallies.total

        assert total("sample_ratio_users_total", "int8", "baseline") == 60
        assert total("sample_ratio_expected_total", "int8") == 30
        assert (
            gauges["sample_ratio_log_e_value", ("int8",)]
            > gauges["sample_ratio_log_e_needed", ("int8",)]
        )
        assert [each["event"] for each in logged].count("daemon.split_is_off") == 1


async def test_a_hash_stands_for_the_id_where_only_scores_are_kept(tmp_path: Path) -> None:
    """What waits for its label is known by a hash of the request's id, and by nothing else."""
    trials = {
        "int8": {
            "route": "chat",
            "task": "custom",
            "optimized": "int8",
            "labels": {"expected": "some"},
        },
        "old": {"route": "chat", "task": "custom", "optimized": "old"},
    }
    traffic = {"privacy": "scores_only"}
    async with an_intake(tmp_path, trials=trials, traffic=traffic) as (intake, _):
        await run(intake, [a_question(id=ExchangeId("ann@example.org"))])
        (waiting,) = intake.take_awaiting()

    assert waiting.exchange_id == kept_id(ExchangeId("ann@example.org"), Privacy.SCORES_ONLY)
    assert "ann" not in repr(waiting)


async def test_whose_reply_a_user_got_is_told_where_users_are_asked(tmp_path: Path) -> None:
    """Of a trial that judges complaints, and of no other; a mirror's requests showed nobody any."""
    trials = {
        "int8": {
            "route": "chat",
            "task": "custom",
            "optimized": "int8",
            "policy": {"feedback": {}},
        },
        "old": {"route": "chat", "task": "custom", "optimized": "old"},
    }
    by_int8 = served(model=ModelName("int8"))
    async with an_intake(tmp_path, trials=trials) as (intake, _):
        seen = [
            a_question(),
            a_question(number=1, served=by_int8),
            a_question(number=2, served=None),
        ]
        await run(intake, seen)
        shown = {(each.trial_id, each.exchange_id, each.arm) for each in intake.take_exposures()}

    assert shown == {("int8", "x-0", Arm.BASELINE), ("int8", "x-1", Arm.OPTIMIZED)}
    assert intake.take_exposures() == []
