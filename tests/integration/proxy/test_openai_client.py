"""The real OpenAI client, through the proxy, gets what it gets from the model server itself."""

from __future__ import annotations

import asyncio
import contextlib
import json

from collections.abc import AsyncIterator

import openai
import pytest

from aiohttp import web

from tests.integration.proxy.rig import Client


pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

CHUNKS = 40


def application() -> web.Application:
    """A model server that speaks chat completions: JSON, and server-sent events."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", _complete)
    return app


async def _complete(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    if asked.get("stream"):
        return await _stream(request, asked)
    if asked["model"] == "no-such-model":
        error = {"message": "no such model", "type": "invalid_request_error", "code": "404"}
        return web.json_response({"error": error}, status=404)
    text = f"You said: {asked['messages'][-1]['content']} \u00e9\u4f60"
    message = {"role": "assistant", "content": text}
    return web.json_response(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": asked["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
        }
    )


async def _stream(request: web.Request, asked: dict[str, object]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for number in range(CHUNKS):
        choice = {"index": 0, "delta": {"content": f"tok{number} "}, "finish_reason": None}
        event = {
            "id": "chatcmpl-2",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": asked["model"],
            "choices": [choice],
        }
        await response.write(f"data: {json.dumps(event)}\n\n".encode())
        await asyncio.sleep(0)
    await response.write(b"data: [DONE]\n\n")
    return response


@contextlib.asynccontextmanager
async def model_server() -> AsyncIterator[int]:
    """Run it; yields the port."""
    runner = web.AppRunner(application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture(name="ports")
async def _ports(rig) -> AsyncIterator[tuple[int, int]]:
    """(the model server's own port, the proxy's)."""
    async with model_server() as direct:
        proxy = await rig(urls={"base": [f"http://127.0.0.1:{direct}"]})
        yield direct, proxy.port


@contextlib.asynccontextmanager
async def client(port: int) -> AsyncIterator[openai.AsyncOpenAI]:
    """The real client."""
    async with openai.AsyncOpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-test", max_retries=0, timeout=10
    ) as made:
        yield made


async def test_a_completion_is_the_same(ports):
    """Parsed answers are equal, and so are the bytes that they were parsed from."""
    bodies, answers = [], []
    for port in ports:
        async with client(port) as made:
            raw = await made.chat.completions.with_raw_response.create(
                model="m", messages=[{"role": "user", "content": "hello"}]
            )
            bodies.append(raw.content)
            answers.append(raw.parse())

    assert bodies[0] == bodies[1]
    assert answers[0] == answers[1]
    assert answers[1].choices[0].message.content == "You said: hello \u00e9\u4f60"


async def test_a_stream_is_the_same(ports):
    """Every event arrives, in order, equal to what the model server says itself."""
    streams = []
    for port in ports:
        async with client(port) as made:
            stream = await made.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hello"}], stream=True
            )
            streams.append([chunk async for chunk in stream])

    assert streams[0] == streams[1]
    assert len(streams[1]) == CHUNKS


async def test_an_error_is_the_same(ports):
    """The client raises the same error with the same body."""
    bodies = []
    for port in ports:
        async with client(port) as made:
            with pytest.raises(openai.NotFoundError) as caught:
                await made.chat.completions.create(
                    model="no-such-model", messages=[{"role": "user", "content": "x"}]
                )
            bodies.append(caught.value.response.content)

    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("stream", [False, True])
async def test_the_bytes_on_the_wire_are_the_same(ports, stream):
    """But for the Date field, an answer's every byte is the model server's own."""
    body = json.dumps(
        {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    ).encode()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )
    answers = []
    for port in ports:
        user = Client(*await asyncio.open_connection("127.0.0.1", port))
        answers.append(await user.ask(request))
        await user.end()

    heads = [sorted(_without_date(answer.head).lower().split(b"\r\n")) for answer in answers]
    assert heads[0] == heads[1]
    assert answers[0].raw[len(answers[0].head) :] == answers[1].raw[len(answers[1].head) :]


def _without_date(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"date:"))
