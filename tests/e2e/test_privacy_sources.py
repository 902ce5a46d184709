"""What others tell shadowmon of, and what is in it, is nowhere in all that a daemon writes."""

from __future__ import annotations

import asyncio
import json

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import canaries
from tests.canaries import HEADERS, KEY, PERSON, PRIVACIES, SAID, SECRET, chat
from tests.daemons import Daemon, running
from tests.integration.traffic.observed import an_envoy
from tests.ports import free_port


TIMES = 6
"""Each source tells so often, so that every answer of the models comes up."""
BASELINE = [(200, chat(SAID)), (200, canaries.streamed("hello ", SAID)), (200, chat("hello"))]
OPTIMIZED = [
    (200, chat(f"well, {SAID}")),
    (200, canaries.tool_call()),
    (200, canaries.streamed_call()),
    (canaries.CUTS, SAID.encode()),
    (500, SAID.encode()),
    (200, SECRET.encode()),
]


class Sources:
    """Those who tell: a mirror, loggers, a gateway, somebody's code."""

    def __init__(self, session: aiohttp.ClientSession, traffic: dict[str, Any]) -> None:
        self._session = session
        self._tap = f"http://{traffic['tap']['listen']}"
        self._events = f"http://{traffic['events']['listen']}"

    async def post(self, url: str, body: bytes, **headers: str) -> int:
        """Send something, with the door's key."""
        known = {"authorization": f"Bearer {KEY}", **headers}
        async with self._session.post(url, data=body, headers=known) as answer:
            await answer.read()
            return answer.status

    async def mirror(self, name: str) -> int:
        """Copy a user's request, as a mirror does."""
        body = json.dumps(canaries.a_question()).encode()
        headers = {**HEADERS, "x-request-id": name, "content-type": "application/json"}
        url = f"{self._tap}/v1/chat/completions?key={SECRET}"
        async with self._session.post(url, data=body, headers=headers) as answer:
            return answer.status

    async def log(self, name: str) -> list[int]:
        """Tell a request and its answer as KServe's logger does."""
        told = []
        for kind, body in (
            ("request", json.dumps(canaries.a_question()).encode()),
            ("response", chat(SAID)),
        ):
            headers = {
                "ce-specversion": "1.0",
                "ce-id": name,
                "ce-type": f"org.kubeflow.serving.inference.{kind}",
                "ce-source": f"http://localhost/{SECRET}",
                "ce-inferenceservicename": "chat",
                "ce-namespace": "default",
                "content-type": "application/json",
            }
            told.append(await self.post(f"{self._events}/", body, **headers))
        return told

    async def gateway(self, name: str) -> int:
        """Tell a call as LiteLLM does, with its caller's headers and all."""
        payload = {
            "id": name,
            "trace_id": name,
            "call_type": "acompletion",
            "status": "success",
            "startTime": 1000.0,
            "endTime": 1002.0,
            "model_group": "primary-model",
            "metadata": {"requester_metadata": {"shadow_pair_id": name}, "user_api_key": SECRET},
            "end_user": PERSON,
            "messages": [{"role": "user", "content": SAID}],
            "response": json.loads(chat(SAID)),
            "model_parameters": {"extra_headers": {"authorization": SECRET}},
        }
        body = json.dumps([payload]).encode()
        return await self.post(f"{self._events}/litellm", body, **{"content-type": "text/json"})

    async def code(self, name: str) -> int:
        """Post a pair, a line that is none, and one that is another trial's."""
        pair = {
            "id": name,
            "baseline": {"text": SAID, "seconds": 0.8},
            "optimized": {"tool_calls": [{"name": "look_up", "arguments": {"who": PERSON}}]},
            "request": canaries.a_question(),
            "user": PERSON,
        }
        lines = [json.dumps(pair), f'{{"id": "{SECRET}", "baseline": "{PERSON}"}}', SECRET]
        url = f"{self._events}/api/v1/pairs/int8"
        return await self.post(url, "\n".join(lines).encode())

    async def garbage(self) -> list[int]:
        """Tell what nobody can read, everywhere."""
        places = (f"{self._events}/", f"{self._events}/litellm", f"{self._events}/{SECRET}")
        return [await self.post(url, SAID.encode()) for url in places]


def a_configuration(base: str, int8: str, traffic: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration in which everything but the proxy is a source."""
    given = {
        **traffic,
        "tap": {"listen": f"127.0.0.1:{free_port()}"},
        "events": {
            "listen": f"127.0.0.1:{free_port()}",
            "token": KEY,
            "join_seconds": 0.5,
            "services": [
                {
                    "name": "chat",
                    "route": "chat",
                    "model": "base",
                    "target": "/v1/chat/completions",
                }
            ],
            "litellm": [{"route": "chat", "models": {"primary-model": "base"}}],
        },
    }
    return canaries.a_configuration(base, int8, given)


async def all_pairs(daemon: Daemon, least: int) -> None:
    """Wait until so many pairs came through, whatever they were worth."""

    async def came() -> bool:
        shown: dict[str, Any] = await daemon.trial("int8")
        return bool(shown["pairs"] >= least)

    await daemon.until(came)


@pytest.mark.parametrize(("traffic", "exchange_id"), PRIVACIES)
async def test_what_others_tell_leaves_nothing(
    tmp_path: Path, traffic: dict[str, Any], exchange_id: str
) -> None:
    """A mirror's copies, loggers' events, a gateway's calls and posted pairs: scored, not kept."""
    async with canaries.a_model(BASELINE) as base, canaries.a_model(OPTIMIZED) as int8:
        settings = a_configuration(base, int8, traffic)
        async with running(tmp_path, settings) as daemon:
            assert daemon.session
            sources = Sources(daemon.session, settings["traffic"])
            taken = set()
            for number in range(TIMES):
                taken.add(await sources.mirror(f"{exchange_id}-mirror-{number}"))
                taken.update(await sources.log(f"{exchange_id}-log-{number}"))
                taken.add(await sources.gateway(f"{exchange_id}-gateway-{number}"))
                assert await sources.code(f"{exchange_id}-code-{number}") == 422
            refused = await sources.garbage()
            await all_pairs(daemon, 4 * TIMES - 1)
            answers = await canaries.told(daemon)

    assert max(taken) < 300
    assert min(refused) >= 400
    assert canaries.found(tmp_path, answers) == []


@pytest.mark.parametrize(("traffic", "exchange_id"), PRIVACIES)
async def test_what_envoy_tells_leaves_nothing(
    tmp_path: Path, traffic: dict[str, Any], exchange_id: str
) -> None:
    """Real answers, observed: bodies, headers and streams are scored, and not kept."""
    home = tmp_path / "home"
    home.mkdir()
    async with canaries.a_model(BASELINE) as base, canaries.a_model(OPTIMIZED) as int8:
        grpc, listen, admin = free_port(), free_port(), free_port()
        given = {**traffic, "ext_proc": {"listen": f"127.0.0.1:{grpc}"}}
        model = int(base.rpartition(":")[2])
        ports = {10000: listen, 9901: admin, 8001: model, 8002: model, 9182: grpc}
        every = {"sample": ("shadowmon.sample: 10", "shadowmon.sample: 100")}
        async with (
            running(home, canaries.a_configuration(base, int8, given)) as daemon,
            an_envoy(tmp_path, ports, **every),
        ):
            assert daemon.session
            body = json.dumps(canaries.a_question(stream=True)).encode()
            url = f"http://127.0.0.1:{listen}/v1/chat/completions?key={SECRET}"
            for number in range(3 * TIMES):
                headers = {**HEADERS, "x-request-id": f"{exchange_id}-{number}"}
                async with daemon.session.post(url, data=body, headers=headers) as answer:
                    assert answer.status == 200
                    await answer.read()
                await asyncio.sleep(0.01)
            await all_pairs(daemon, 3 * TIMES)
            answers = await canaries.told(daemon)

    assert canaries.found(home, answers) == []
