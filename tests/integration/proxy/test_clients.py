"""
The clients that people have, unchanged, through the proxy: openai, anthropic, and KServe v2.

The model server says what real providers said (tests/data/exchanges): plain answers, streams, tool
calls, thinking, errors. Each is asked for twice, directly and through the proxy, and what comes
out of the client must be the same, and the body's bytes those that were recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import struct

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import openai
import pytest

from aiohttp import web

from tests.exchanges import recorded


pytestmark = [
    pytest.mark.asyncio(loop_factories=["uvloop"]),
    # What was recorded names models that the client's own list calls old by now.
    pytest.mark.filterwarnings("ignore:The model .* is deprecated:DeprecationWarning"),
]

WHICH = "x-recording"
RECORDED = {
    f"{wire}/{name}": each
    for wire in ("openai", "responses", "anthropic")
    for name, each in recorded(wire).items()
}
PIECES = re.compile(rb".*?\n\n|.+", re.DOTALL)
INFER = "/v2/models/digits/infer"
TENSORS = struct.pack("<4f", 1.0, 2.0, -0.5, 3e38)


async def say(request: web.Request) -> web.StreamResponse:
    """Say what was recorded, event by event if it is a stream."""
    await request.read()
    each = RECORDED[request.headers[WHICH]]
    response = web.StreamResponse(status=each.status, headers={"content-type": each.content_type})
    if each.content_type.startswith("text/event-stream"):
        await response.prepare(request)
        for piece in PIECES.findall(each.body):
            await response.write(piece)
            await asyncio.sleep(0)
        return response
    response.content_length = len(each.body)
    await response.prepare(request)
    await response.write(each.body)
    return response


async def infer(request: web.Request) -> web.Response:
    """Answer tensors in the form in which they came: JSON, or JSON with raw bytes behind it."""
    body = await request.read()
    length = request.headers.get("inference-header-content-length")
    answer = {"model_name": "digits", "id": "42", "outputs": []}
    if length is None:
        return web.json_response(answer | {"outputs": json.loads(body)["inputs"]})
    head = json.dumps(answer).encode()
    return web.Response(
        body=head + body[int(length) :],
        headers={
            "content-type": "application/octet-stream",
            "inference-header-content-length": str(len(head)),
        },
    )


@pytest.fixture(name="ports")
async def _ports(rig) -> AsyncIterator[tuple[int, int]]:
    """(the model server's own port, the proxy's)."""
    app = web.Application()
    app.router.add_post(INFER, infer)
    app.router.add_post("/{path:.*}", say)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    direct = runner.addresses[0][1]
    try:
        proxy = await rig(urls={"base": [f"http://127.0.0.1:{direct}"]})
        yield direct, proxy.port
    finally:
        await runner.cleanup()


def made(port: int, wire: str, *, waits: bool) -> Any:
    """Return the client that speaks this, the synchronous one if it is to wait."""
    url = f"http://127.0.0.1:{port}"
    settings: dict[str, Any] = {"api_key": "sk-test", "max_retries": 0, "timeout": 10}
    if wire == "anthropic":
        kind = anthropic.Anthropic if waits else anthropic.AsyncAnthropic
        return kind(base_url=url, **settings)
    return (openai.OpenAI if waits else openai.AsyncOpenAI)(base_url=f"{url}/v1", **settings)


def method(client: Any, wire: str) -> Any:
    """Return what is called."""
    if wire == "anthropic":
        return client.messages
    return client.responses if wire == "responses" else client.chat.completions


def arguments(name: str) -> dict[str, Any]:
    """Return what is asked, as it was asked then."""
    known = {"model", "messages", "input", "max_tokens", "stream", "tools", "instructions"}
    request = RECORDED[name].request
    given = {key: value for key, value in request.items() if key in known}
    more = {key: value for key, value in request.items() if key not in known}
    return given | {"extra_headers": {WHICH: name}, "extra_body": more}


def heard_by_waiting(port: int, name: str) -> tuple[list[Any], bytes]:
    """Ask by the synchronous client; return what it made of the answer, and the body's bytes."""
    wire = name.partition("/")[0]
    with made(port, wire, waits=True) as client:
        call = method(client, wire)
        try:
            answer = call.create(**arguments(name))
            heard = list(answer) if hasattr(answer, "response") else [answer]
        except (openai.APIError, anthropic.APIError) as error:
            return [type(error).__name__, error.body], RECORDED[name].body
        with call.with_streaming_response.create(**arguments(name)) as raw:
            return [each.model_dump() for each in heard], b"".join(raw.iter_bytes())


async def heard(port: int, name: str) -> tuple[list[Any], bytes]:
    """Ask by the asynchronous client, likewise."""
    wire = name.partition("/")[0]
    async with made(port, wire, waits=False) as client:
        call = method(client, wire)
        try:
            answer = await call.create(**arguments(name))
            heard = [each async for each in answer] if hasattr(answer, "response") else [answer]
        except (openai.APIError, anthropic.APIError) as error:
            return [type(error).__name__, error.body], RECORDED[name].body
        async with call.with_streaming_response.create(**arguments(name)) as raw:
            body = b"".join([piece async for piece in raw.iter_bytes()])
            return [each.model_dump() for each in heard], body


@pytest.mark.parametrize("name", RECORDED)
async def test_the_asynchronous_client_hears_the_same(name, ports):
    """Plain or streamed, text, tool calls or an error: the proxy changes not a byte."""
    direct, through = [await heard(port, name) for port in ports]

    assert through == direct
    assert through[1] == RECORDED[name].body


@pytest.mark.parametrize("name", RECORDED)
async def test_the_synchronous_client_hears_the_same(name, ports):
    """The client that waits gets the same as the one that does not."""
    direct, through = [await asyncio.to_thread(heard_by_waiting, port, name) for port in ports]

    assert through == direct
    assert through[1] == RECORDED[name].body


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client, as KServe's own REST client is one."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as made:
        yield made


TENSOR = {"name": "x", "datatype": "FP32", "shape": [1, 4]}
AS_JSON = json.dumps({"id": "42", "inputs": [TENSOR | {"data": [1.0, 2.0, -0.5, 0.25]}]}).encode()
HEAD = json.dumps(
    {"id": "42", "inputs": [TENSOR | {"parameters": {"binary_data_size": len(TENSORS)}}]}
).encode()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (AS_JSON, {"content-type": "application/json"}),
        (
            HEAD + TENSORS,
            {
                "content-type": "application/octet-stream",
                "inference-header-content-length": str(len(HEAD)),
            },
        ),
    ],
    ids=["json", "binary tensors"],
)
async def test_a_kserve_client_hears_the_same(body, headers, ports):
    """Tensors as JSON and as raw bytes behind it come and go as they are."""
    answers = []
    async with session() as made:
        for port in ports:
            url = f"http://127.0.0.1:{port}{INFER}"
            async with made.post(url, data=body, headers=headers) as answer:
                told = answer.headers.get("inference-header-content-length")
                answers.append((answer.status, told, answer.content_type, await answer.read()))

    assert answers[0] == answers[1]
    assert answers[1][0] == 200
    assert answers[1][3].endswith(b"}" if body == AS_JSON else TENSORS)
