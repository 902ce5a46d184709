"""One arm before model servers that do everything wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from shadowmon.clock import SystemClock
from shadowmon.mirror.arm import Arm
from shadowmon.mirror.sessions import Sessions
from shadowmon.mirror.settings import MirrorSettings, ModelSettings, RewriteSettings
from shadowmon.records import Answer, ModelName, Outcome, Reply
from shadowmon.telemetry.settings import TracingSettings
from shadowmon.telemetry.spans import open_spans
from shadowmon.traffic.codecs.open_inference import OpenInference
from shadowmon.traffic.codecs.openai import OpenAI
from tests.factories import an_exchange
from tests.integration.mirror.model_server import (
    Answering,
    Connection,
    ModelServer,
    a_model_server,
    always,
    http,
)
from tests.integration.telemetry.collectors import a_collector, attributes


CHAT = json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
GOOD = http(CHAT, b"content-type: application/json")
EVENT = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
ASKED = an_exchange(b'{"model":"a","messages":[]}')
IN_TIME, SOON_OVER = 30.0, 0.3
"""Timeouts of a model that answers, however busy the machine is, and of one that will not."""


@asynccontextmanager
async def an_arm(
    url: str, *, answer_max_bytes: int = 100_000, **settings: Any
) -> AsyncIterator[Arm]:
    async with Sessions() as sessions:
        yield Arm(
            ModelName("int8"),
            ModelSettings(url=url, **{"timeout_seconds": IN_TIME, **settings}),
            OpenAI({}),
            sessions.to(url),
            SystemClock(),
            mirror=MirrorSettings(answer_max_bytes=answer_max_bytes),
        )


async def test_a_private_authority() -> None:
    """A shadow call believes the authority that the model names, and no other."""
    authority, stranger = trustme.CA(), trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(served)
    with authority.cert_pem.tempfile() as ours, stranger.cert_pem.tempfile() as other:
        async with a_model_server(always(GOOD), tls=served) as server:
            async with an_arm(server.url, tls={"ca": ours}) as arm:
                assert (await arm.call(ASKED)).outcome is Outcome.OK
            async with an_arm(server.url, tls={"ca": other}) as arm:
                assert (await arm.call(ASKED)).outcome is Outcome.REFUSED


async def test_a_unix_socket(tmp_path: Path) -> None:
    """A model behind a Unix socket is called like any other, below its address's path."""
    path = tmp_path / "model.sock"
    async with (
        a_model_server(always(GOOD), socket=path) as server,
        an_arm(server.url + "/gpu-1/") as arm,
    ):
        replies = [await arm.call(ASKED) for _ in range(2)]

    assert [reply.outcome for reply in replies] == [Outcome.OK, Outcome.OK]
    assert server.connections == 1
    line, fields = server.requests[0].split(b"\r\n", 1)
    assert line == b"POST /gpu-1/v1/chat/completions HTTP/1.1"
    assert b"Host: localhost\r\n" in fields


async def test_a_unix_socket_that_nobody_listens_at(tmp_path: Path) -> None:
    """It is the model's failure, as a port that refuses is."""
    gone = quote(str(tmp_path / "gone.sock"), safe="")
    async with an_arm(f"http+unix://{gone}") as arm:
        reply = await arm.call(ASKED)

    assert (reply.outcome, reply.problem) == (Outcome.REFUSED, "no connection")


async def test_each_unix_socket_has_its_own_connections(tmp_path: Path) -> None:
    """Models behind several sockets and ports are each reached at their own."""
    async with (
        a_model_server(always(GOOD), socket=tmp_path / "a.sock") as one,
        a_model_server(always(GOOD), socket=tmp_path / "b.sock") as other,
        a_model_server(always(GOOD)) as port,
        Sessions() as sessions,
    ):
        for server in (one, other, port):
            arm = Arm(
                ModelName("int8"),
                ModelSettings(url=server.url),
                OpenAI({}),
                sessions.to(server.url),
                SystemClock(),
                mirror=MirrorSettings(),
            )
            assert (await arm.call(ASKED)).outcome is Outcome.OK

    assert [len(server.requests) for server in (one, other, port)] == [1, 1, 1]


async def test_a_call_has_a_span() -> None:
    """Its outcome is told, and the model's own spans are children of it, not of the user's."""
    trace, parent = "ab" * 16, "cd" * 8
    asked = an_exchange(ASKED.body, headers=(("traceparent", f"00-{trace}-{parent}-01"),))
    async with (
        a_collector() as collector,
        a_model_server(always(GOOD)) as server,
        Sessions() as sessions,
    ):
        tracing = TracingSettings(otlp_endpoint=collector.url, sample_rate=1.0)
        spans = open_spans(tracing, "scoring")
        arm = Arm(
            ModelName("int8"),
            ModelSettings(url=server.url),
            OpenAI({}),
            sessions.to(server.url),
            SystemClock(),
            mirror=MirrorSettings(),
            spans=spans,
        )
        await arm.call(asked)
        await asyncio.to_thread(spans.close)

    (span,) = collector.spans()
    assert attributes(span) == {"model": "int8", "route": "chat", "outcome": "ok"}
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace, parent)
    assert f"traceparent: 00-{trace}-{span.span_id.hex()}-00".encode() in server.requests[0].lower()


async def test_model_in_the_path() -> None:
    """Where the path names the model, a call for another name goes to that one's path."""
    asked = an_exchange(b'{"inputs": []}', target="/v2/models/fp16/versions/1/infer?a=%20b")
    async with a_model_server(always(GOOD)) as server, Sessions() as sessions:
        arm = Arm(
            ModelName("int8"),
            ModelSettings(url=server.url, rewrite=RewriteSettings(model="int 8/b")),
            OpenInference({}),
            sessions.to(server.url),
            SystemClock(),
            mirror=MirrorSettings(),
        )
        await arm.call(asked)

    line, _, _ = server.requests[0].partition(b"\r\n")
    assert line == b"POST /v2/models/int%208%2Fb/versions/1/infer?a=%20b HTTP/1.1"


async def call(answer: Answering, **settings: Any) -> Reply:
    async with a_model_server(answer) as server, an_arm(server.url, **settings) as arm:
        return await arm.call(ASKED)


async def sent(exchange: Any, **settings: Any) -> bytes:
    """Return the request as it was on the wire."""
    async with a_model_server(always(GOOD)) as server, an_arm(server.url, **settings) as arm:
        reply = await arm.call(exchange)
        assert reply.outcome is Outcome.OK, reply.problem
        return server.requests[0].replace(server.url[7:].encode(), b"HOST")


# --- what is sent ---


async def test_request_on_the_wire() -> None:
    """Credentials and hop-by-hop fields stay here, all else goes on, and nothing is added."""
    exchange = an_exchange(
        b'{"model":"a","messages":[]}',
        headers=(
            ("host", "api.example"),
            ("authorization", "Bearer user"),
            ("cookie", "secret"),
            ("x-api-key", "secret"),
            ("connection", "keep-alive, X-Hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("accept-encoding", "br, zstd"),
            ("content-length", "999"),
            ("content-type", "application/json"),
            ("x-request-id", "x-1"),
            ("x-a", "1"),
            ("x-a", "2"),
            ("x-team", "theirs"),
        ),
    )

    raw = await sent(
        exchange,
        bearer_token="ours",
        headers={"X-Team": "ours"},
        rewrite={"model": "b", "parameters": {"seed": 7}},
    )

    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /v1/chat/completions HTTP/1.1"
    assert sorted(line.lower() for line in head.split(b"\r\n")[1:]) == [
        b"authorization: bearer ours",
        b"content-length: 36",
        b"content-type: application/json",
        b"host: host",
        b"x-a: 1",
        b"x-a: 2",
        b"x-request-id: x-1",
        b"x-shadowmon-shadow: 1",
        b"x-team: ours",
    ]
    assert body == b'{"model":"b","messages":[],"seed":7}'


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("/v1//a/../%2F/%2e?b=%20&c=+&b=/?", "/v1//a/../%2F/%2e?b=%20&c=+&b=/?"),
        ("/a?", "/a"),  # yarl's doing; the docstring of url_of says so
        ("/a/", "/a/"),
        ("/", "/"),
        ("/a;b=c,d:e@f|g", "/a;b=c,d:e@f|g"),
        ("http://api.example/a?b", "/a?b"),
        ("//evil.example/a", "//evil.example/a"),
        ("/a#b", "/a%23b"),
        ("/\xe9\r\nx: y", "/%E9%0D%0Ax:%20y"),
    ],
)
async def test_target_is_untouched(target: str, line: str) -> None:
    """The target goes out as it came in; only what would break the request line is encoded."""
    raw = await sent(an_exchange(b"{}", target=target))

    assert raw.split(b"\r\n")[0].decode() == f"POST {line} HTTP/1.1"


async def test_path_prefix_of_the_model() -> None:
    """A model's path prefix comes before the target."""
    async with a_model_server(always(GOOD)) as server, an_arm(server.url + "/int8/") as arm:
        await arm.call(an_exchange(b"{}", target="/v1/x?y"))

    assert server.requests[0].startswith(b"POST /int8/v1/x?y HTTP/1.1\r\n")


async def test_request_without_a_body() -> None:
    """A request without a body is sent without one, with any method."""
    raw = await sent(an_exchange(b"", method="DELETE"))

    assert raw.startswith(b"DELETE /v1/chat/completions HTTP/1.1\r\n")
    assert raw.endswith(b"\r\n\r\n")


async def test_large_request() -> None:
    """A request of several megabytes is sent whole."""
    body = json.dumps({"messages": "x" * 3_000_000}).encode()

    raw = await sent(an_exchange(body))

    assert raw.endswith(body)


# --- what comes back ---


async def test_good_answer() -> None:
    """A good answer is OK, timed, and read."""
    before = asyncio.get_running_loop().time()
    reply = await call(always(GOOD))
    seconds = asyncio.get_running_loop().time() - before

    assert reply.outcome is Outcome.OK
    assert reply.answer == Answer(text="hi", finish_reason="stop")
    assert (reply.model, reply.status, reply.served, reply.cost) == ("int8", 200, False, None)
    assert reply.first_byte_seconds is not None
    assert 0 < reply.first_byte_seconds <= reply.duration_seconds < seconds


async def test_first_byte_of_a_stream() -> None:
    """The first byte is timed at the body's first piece, and the duration at its last."""
    pieces = (ENDLESS_HEAD, EVENT, EVENT, b"data: [DONE]\n\n")
    now = asyncio.get_running_loop().time
    asked, sent = [], []

    async def answer(connection: Connection) -> None:
        asked.append(now())
        for piece in pieces:
            await asyncio.sleep(0.05)
            sent.append(now())
            await connection.send(piece)
        connection.writer.close()

    began = now()
    reply = await call(answer)

    assert reply.answer is not None
    assert reply.answer.text == "hihi"
    assert reply.first_byte_seconds is not None
    assert sent[1] - asked[0] <= reply.first_byte_seconds < sent[2] - began
    assert sent[3] - asked[0] <= reply.duration_seconds


async def test_compressed_answer() -> None:
    """A compressed answer is read, though none was asked for."""
    reply = await call(always(http(gzip.compress(CHAT), b"content-encoding: gzip")))

    assert reply.outcome is Outcome.OK


async def hang(connection: Connection) -> None:
    await connection.hang()


async def reset(connection: Connection) -> None:
    connection.reset()


async def close(connection: Connection) -> None:
    connection.writer.close()


async def reset_in_the_body(connection: Connection) -> None:
    await connection.send(GOOD[:-5])
    connection.reset()


async def close_in_the_body(connection: Connection) -> None:
    await connection.send(GOOD[:-5])
    connection.writer.close()


async def close_in_a_chunk(connection: Connection) -> None:
    await connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{")
    connection.writer.close()


async def endless(connection: Connection) -> None:
    await connection.send(ENDLESS_HEAD)
    while True:
        await connection.send(EVENT * 100)


async def cut_stream(connection: Connection) -> None:
    await connection.send(ENDLESS_HEAD, EVENT)
    connection.writer.close()


SLOW_HEAD = always(*(bytes([byte]) for byte in GOOD), every=0.05)
SLOW_BODY = always(GOOD[: -len(CHAT)], *(bytes([byte]) for byte in CHAT), every=0.05)


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        pytest.param(hang, Outcome.TIMEOUT, 0, id="hang"),
        pytest.param(SLOW_HEAD, Outcome.TIMEOUT, 0, id="slow head"),
        pytest.param(SLOW_BODY, Outcome.TIMEOUT, 0, id="slow body"),
        pytest.param(reset, Outcome.RESET, 0, id="reset at once"),
        pytest.param(close, Outcome.RESET, 0, id="closed at once"),
        pytest.param(reset_in_the_body, Outcome.RESET, 0, id="reset in the body"),
        pytest.param(close_in_the_body, Outcome.RESET, 0, id="closed in the body"),
        pytest.param(close_in_a_chunk, Outcome.RESET, 0, id="closed in a chunk"),
        pytest.param(cut_stream, Outcome.RESET, 200, id="cut stream"),
        pytest.param(always(b"\x00canary\r\n\r\n"), Outcome.GARBAGE, 0, id="not HTTP"),
        pytest.param(always(http(b"canary")), Outcome.GARBAGE, 200, id="not JSON"),
        pytest.param(always(http(b"")), Outcome.GARBAGE, 200, id="empty"),
        pytest.param(endless, Outcome.GARBAGE, 0, id="endless"),
        pytest.param(always(http(b"x" * 200_000)), Outcome.GARBAGE, 0, id="huge"),
        pytest.param(
            always(http(b"canary", status=b"500 canary")), Outcome.ERROR, 500, id="status 500"
        ),
        pytest.param(
            always(http(b'{"error": {"type": "a canary", "message": "canary"}}')),
            Outcome.ERROR,
            200,
            id="error in the body",
        ),
        pytest.param(
            always(http(b"", b"location: /canary", status=b"302 Found")),
            Outcome.GARBAGE,
            302,
            id="redirect",
        ),
        pytest.param(always(http(b"x", b"content-encoding: br")), Outcome.SHED, 200, id="brotli"),
    ],
)
async def test_failures_are_replies(answer: Answering, outcome: Outcome, status: int) -> None:
    """Every way to fail is a reply with its outcome, in bounded time, and quotes nothing."""
    over = SOON_OVER if outcome is Outcome.TIMEOUT else IN_TIME
    before = asyncio.get_running_loop().time()
    reply = await call(answer, timeout_seconds=over)
    seconds = asyncio.get_running_loop().time() - before

    assert (reply.outcome, reply.status, reply.answer, reply.cost) == (outcome, status, None, None)
    assert reply.problem
    assert "canary" not in repr(reply)
    if outcome is Outcome.TIMEOUT:
        assert SOON_OVER <= reply.duration_seconds < seconds


async def test_no_connection() -> None:
    """A model server that is not there refuses."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with an_arm(f"http://127.0.0.1:{nobody.getsockname()[1]}") as arm:
            reply = await arm.call(ASKED)

    assert (reply.outcome, reply.problem) == (Outcome.REFUSED, "no connection")


async def test_redirect_is_not_followed() -> None:
    """No shadow call ever goes to an address that a model server names."""
    answer = always(http(b"", b"location: /elsewhere", status=b"307 Temporary Redirect"))
    async with a_model_server(answer) as server, an_arm(server.url) as arm:
        await arm.call(ASKED)

    assert len(server.requests) == 1


async def test_request_that_cannot_be_rewritten() -> None:
    """A request that the codec cannot rewrite is shed: it says nothing about the model."""
    async with (
        a_model_server(always(GOOD)) as server,
        an_arm(server.url, rewrite={"model": "b"}) as arm,
    ):
        reply = await arm.call(an_exchange(b"canary"))

    assert (reply.outcome, server.requests) == (Outcome.SHED, [])
    assert "canary" not in repr(reply)


async def test_connection_that_was_closed_while_idle() -> None:
    """A reused connection that turns out dead is the race of us two, and the call is made again."""
    answered = 0

    async def one_answer_for_each_connection(connection: Connection) -> None:
        nonlocal answered
        answered += 1
        if answered == 2:
            connection.reset()
        else:
            await connection.send(GOOD)

    async with a_model_server(one_answer_for_each_connection) as server, an_arm(server.url) as arm:
        replies = [await arm.call(ASKED), await arm.call(ASKED)]

    assert arm.retries == 1
    assert [reply.outcome for reply in replies] == [Outcome.OK, Outcome.OK]
    assert (len(server.requests), server.connections) == (3, 2)


async def test_connections_that_keep_dying() -> None:
    """There is one retry and no second one, whatever becomes of it."""
    answered = 0

    async def one_answer_in_all(connection: Connection) -> None:
        nonlocal answered
        answered += 1
        if answered > 1:
            connection.reset()
        else:
            await connection.send(GOOD)

    async with a_model_server(one_answer_in_all) as server, an_arm(server.url) as arm:
        replies = [await arm.call(ASKED), await arm.call(ASKED)]

    assert [reply.outcome for reply in replies] == [Outcome.OK, Outcome.RESET]
    assert (len(server.requests), arm.retries) == (3, 1)


async def test_timeout_is_not_tried_again() -> None:
    """A model that does not answer in time is not asked twice, on a reused connection either."""
    answered = 0

    async def answers_once(connection: Connection) -> None:
        nonlocal answered
        answered += 1
        await (connection.send(GOOD) if answered == 1 else connection.hang())

    async with (
        a_model_server(answers_once) as server,
        an_arm(server.url, timeout_seconds=1) as arm,
    ):
        replies = [await arm.call(ASKED), await arm.call(ASKED)]

    assert [reply.outcome for reply in replies] == [Outcome.OK, Outcome.TIMEOUT]
    assert (len(server.requests), arm.retries) == (2, 0)


async def test_new_connection_is_not_tried_again() -> None:
    """A new connection that is reset is the model's failure, and is not tried again."""
    async with a_model_server(reset) as server, an_arm(server.url) as arm:
        await arm.call(ASKED)

    assert len(server.requests) == 1


async def test_price() -> None:
    """A good answer has its cost."""
    answer = {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 10}}
    reply = await call(
        always(http(json.dumps(answer).encode())), price={"per_request": 1, "per_input_token": 0.5}
    )

    assert reply.cost == 6.0


# --- limits ---


def gate(server_open: asyncio.Event) -> Answering:
    async def answer(connection: Connection) -> None:
        await server_open.wait()
        await connection.send(GOOD)

    return answer


async def under_way(server: ModelServer, number: int) -> None:
    async with asyncio.timeout(IN_TIME):
        while len(server.requests) < number:
            await asyncio.sleep(0.005)


async def test_calls_wait_for_a_slot() -> None:
    """No more calls are under way than allowed; the others' own time begins later."""
    opened = asyncio.Event()
    async with (
        a_model_server(gate(opened)) as server,
        an_arm(server.url, connections_max=2) as arm,
        asyncio.TaskGroup() as group,
    ):
        calls = [group.create_task(arm.call(ASKED)) for _ in range(4)]
        await under_way(server, 2)
        await asyncio.sleep(0.2)
        assert len(server.requests) == 2
        begun = asyncio.get_running_loop().time()
        opened.set()
    seconds = asyncio.get_running_loop().time() - begun

    replies = [call.result() for call in calls]
    assert {reply.outcome for reply in replies} == {Outcome.OK}
    durations = sorted(reply.duration_seconds for reply in replies)
    assert durations[1] < seconds
    assert durations[2] > 0.2


async def test_waiting_has_an_end() -> None:
    """A call that gets no slot in time is shed, and is not the model's failure."""
    async with (
        a_model_server(hang) as server,
        an_arm(server.url, connections_max=1, timeout_seconds=SOON_OVER) as arm,
        asyncio.TaskGroup() as group,
    ):
        calls = [group.create_task(arm.call(ASKED)) for _ in range(3)]

    outcomes = sorted(call.result().outcome for call in calls)
    assert outcomes in (["shed", "shed", "timeout"], ["shed", "timeout", "timeout"])


async def test_slots_are_given_back() -> None:
    """Whatever becomes of a call, being cancelled included, its slot is free again."""
    async with (
        a_model_server(hang) as server,
        an_arm(server.url, connections_max=1, timeout_seconds=SOON_OVER) as arm,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await arm.call(ASKED)
        assert (await arm.call(ASKED)).outcome is Outcome.TIMEOUT
        assert (await arm.call(ASKED)).outcome is Outcome.TIMEOUT
