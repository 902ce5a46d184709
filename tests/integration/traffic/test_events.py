"""The listener for events on a real socket, before loggers as they are."""

from __future__ import annotations

import asyncio
import gzip
import io
import json

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from aiohttp import web

from shadowmon.clock import SystemClock
from shadowmon.ipc.handover import Parcel
from shadowmon.records import ExchangeId, ModelName, RouteName, TrialId
from shadowmon.traffic.events import Events
from shadowmon.traffic.joining import Fate, Joining
from shadowmon.traffic.ready_pairs import ReadyPairs
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import (
    EventsSettings,
    LiteLlmSettings,
    RouteSettings,
    ServiceSettings,
)
from shadowmon.traffic.sighting import SightingError
from tests.handing_over import handed_over


IRIS = RouteName("iris")
BASE, INT8 = ModelName("fp32"), ModelName("int8")


@dataclass
class Listening:
    """A listener that runs, and what came of it."""

    session: aiohttp.ClientSession
    port: int = 0
    parcels: list[Parcel] = field(default_factory=list)
    fates: Counter[tuple[str, Fate]] = field(default_factory=Counter)
    has_room: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, parcel: Parcel) -> bool:
        if self.has_room:
            self.parcels.append(parcel)
        return self.has_room

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(
            self.url + path, data=io.BytesIO(body), headers=told
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return answer.status, json.loads(text) if is_json else text


def checked(trial: TrialId, line: bytes) -> ExchangeId:
    """Stand for the daemon's look at a line."""
    del trial
    try:
        return ExchangeId(json.loads(line)["id"])
    except (ValueError, KeyError):
        msg = "the line lacks id"
        raise SightingError(msg) from None


@asynccontextmanager
async def listening(*, sample_rate: float = 1.0, **given: Any) -> AsyncIterator[Listening]:
    """Run a listener for as long as the block takes."""
    route = RouteSettings(baseline="fp32", codec="json", sample_rate=sample_rate)
    settings = EventsSettings(
        services=(
            ServiceSettings(name="iris", route="iris", model="fp32"),
            ServiceSettings(name="iris-int8", route="iris", model="int8"),
        ),
        litellm=(LiteLlmSettings(route="iris", models={"big": "fp32", "small": "int8"}),),
        **given,
    )
    async with aiohttp.ClientSession() as session:
        found = Listening(session)

        def count(source: str, fate: Fate) -> None:
            found.fates[source, fate] += 1

        joining = Joining(
            loggers={IRIS: frozenset({BASE, INT8})},
            baselines={IRIS: BASE},
            seconds=settings.join_seconds,
            keys_max=settings.join_max,
            bytes_max=settings.join_max_bytes,
            hand_over=found.take,
            count=count,
            clock=SystemClock(),
        )
        pairs = ReadyPairs(
            trials={TrialId("int8"): IRIS},
            routes={"iris": route},
            sampling=Sampling("salt"),
            check=checked,
            hand_over=found.take,
            clock=SystemClock(),
        )
        events = Events(
            settings,
            routes={"iris": route},
            sampling=Sampling("salt"),
            joining=joining,
            pairs=pairs,
            count=count,
        )
        runner = web.ServerRunner(events.server(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.port = runner.addresses[0][1]
        try:
            yield found
        finally:
            await runner.cleanup()


def attributes(service: str, kind: str, name: str) -> dict[str, str]:
    """Return an event's headers as KServe's agent writes them."""
    return {
        "ce_specversion": "1.0",
        "ce_id": name,
        "ce_type": f"org.kubeflow.serving.inference.{kind}",
        "ce_source": "http://localhost:9081/",
        "ce_inferenceservicename": service,
        "ce_namespace": "default",
        "ce_component": "predictor",
        "content_type": "application/json",
    }


async def kserve_logs(url: str, service: str, name: str, *, twice: bool = False) -> list[int]:
    """Log one exchange as KServe does: a connection for each event; return the statuses."""
    statuses = []
    for kind, body in (("request", b'{"q": 1}'), ("response", b'{"a": "%s"}' % service.encode())):
        for _ in range(1 + twice):
            headers = {
                key.replace("_", "-"): value
                for key, value in attributes(service, kind, name).items()
            }
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
                session.post(url, data=body, headers=headers) as answer,
            ):
                statuses.append(answer.status)
    return statuses


async def test_two_services_that_log_one_id_are_one_exchange():
    """Each event is answered 200, which alone is good for KServe; both answers go along."""
    async with listening() as found:
        statuses = await asyncio.gather(
            kserve_logs(found.url, "iris", "x-1"), kserve_logs(found.url, "iris-int8", "x-1")
        )

    assert [*statuses] == [[200, 200], [200, 200]]
    (parcel,) = found.parcels
    assert parcel.head.served is not None
    assert (parcel.head.id, parcel.head.source) == ("x-1", "cloud_events")
    assert list(parcel.answer) == [b'{"a": "iris"}', b'{"a": "iris-int8"}']


async def test_a_logger_that_tells_twice_changes_nothing():
    """A retry, or a broker that delivers at least once, is counted and answered 200."""
    async with listening() as found:
        for service in ("iris", "iris-int8"):
            assert set(await kserve_logs(found.url, service, "x-1", twice=True)) == {200}

    assert len(found.parcels) == 1
    assert found.fates["cloud_events", Fate.DUPLICATE] == 4


async def test_a_hundred_loggers_at_one_time():
    """Events of many exchanges, mixed up, make each exchange once."""
    async with listening() as found:
        await asyncio.gather(
            *(
                kserve_logs(found.url, service, f"x-{number}")
                for number in range(50)
                for service in ("iris", "iris-int8")
            )
        )

    assert sorted(each.head.id for each in found.parcels) == sorted(f"x-{n}" for n in range(50))
    assert found.fates.total() == 200


async def test_a_malformed_event_is_told_and_counted():
    """The status says that it is the sender's fault, the text why."""
    async with listening() as found:
        status, text = await found.post("/", b"{}", content_type="application/json")
        other = await found.post("/", b"{}", **attributes("unknown", "request", "x-1"))

    assert (status, "ce-type" in text) == (400, True)
    assert (other[0], "traffic.events.services" in other[1]) == (400, True)
    assert found.fates == {("cloud_events", Fate.REFUSED): 2}


async def test_bytes_that_are_no_text_are_handed_on_all_the_same():
    """A header's value need not be UTF-8; the exchange can still be written for the others."""
    async with listening() as found:
        told = {"id": "x-\udcff", "metadata": '{"x-user": ["\udcff"]}'}
        lines = {
            name.replace("_", "-"): value
            for name, value in attributes("iris", "request", "").items()
        } | {f"ce-{name}": value for name, value in told.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
        request = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{head}\r\n{{}}"
        writer.write(request.encode("utf-8", "surrogateescape"))
        status = await reader.readline()
        writer.close()
        for service in ("iris", "iris-int8"):
            await kserve_logs(found.url, service, "x-\N{REPLACEMENT CHARACTER}")

    assert status == b"HTTP/1.1 200 OK\r\n"
    (first,) = found.parcels
    assert handed_over(first).id == "x-\N{REPLACEMENT CHARACTER}"


async def test_a_batch_of_events_loses_only_what_is_wrong():
    """The answer names the places; the rest is taken."""
    event = {
        "specversion": "1.0",
        "id": "x-1",
        "type": "org.kubeflow.serving.inference.request",
        "source": "/",
        "inferenceservicename": "iris",
        "data": {"q": 1},
    }
    batch = [event, {"id": "x-2"}, event | {"inferenceservicename": "iris-int8"}]
    async with listening() as found:
        status, told = await found.post(
            "/", json.dumps(batch).encode(), content_type="application/cloudevents-batch+json"
        )

    assert status == 422
    assert (told["taken"], [each["place"] for each in told["refused"]]) == (2, [1])


def a_payload(group: str, **more: Any) -> dict[str, Any]:
    """Return a LiteLLM payload."""
    return {
        "id": f"chatcmpl-{group}",
        "trace_id": "trace-1",
        "call_type": "acompletion",
        "status": "success",
        "startTime": 1.0,
        "endTime": 2.0,
        "model": group,
        "model_group": group,
        "metadata": {"requester_metadata": {"shadow_pair_id": "p-1"}},
        "messages": [{"role": "user", "content": "Hi"}],
        "response": {"choices": []},
        "model_parameters": {},
    } | more


@pytest.mark.parametrize("is_zipped", [False, True])
async def test_a_call_of_litellm_and_its_silent_one_are_one_exchange(is_zipped):
    """One post holds both; what is wrong in it is told apart."""
    body = json.dumps([a_payload("big"), a_payload("small"), a_payload("tiny"), 7]).encode()
    more = {"content_encoding": "gzip"} if is_zipped else {}
    async with listening() as found:
        status, told = await found.post(
            "/litellm", gzip.compress(body) if is_zipped else body, **more
        )

    assert (status, told["taken"], len(told["refused"])) == (422, 2, 2)
    (parcel,) = found.parcels
    assert parcel.head.served is not None
    assert (parcel.head.served.model, parcel.head.also[0].model) == ("fp32", "int8")
    assert found.fates == {("litellm", Fate.JOINED): 2, ("litellm", Fate.REFUSED): 2}


async def test_pairs_are_taken_once():
    """Each line is its own; one that came before is a duplicate, and no fault of the sender's."""
    lines = b'{"id": "q-1"}\n{"no": 1}\n\n{"id": "q-2"}\n{"id": "q-1"}'
    async with listening() as found:
        status, told = await found.post("/api/v1/pairs/int8", lines)

    assert (status, told["refused"]) == (422, [{"place": 1, "problem": "the line lacks id"}])
    assert [parcel.head.id for parcel in found.parcels] == ["q-1", "q-2"]
    assert {parcel.head.source for parcel in found.parcels} == {"pairs"}
    assert found.fates == {
        ("pairs", Fate.JOINED): 2,
        ("pairs", Fate.DUPLICATE): 1,
        ("pairs", Fate.REFUSED): 1,
    }


async def test_pairs_of_no_trial_are_refused():
    """A name that is mistyped is told."""
    async with listening() as found:
        status, told = await found.post("/api/v1/pairs/int9", b'{"id": "q-1"}')

    assert (status, told["taken"]) == (422, 0)


async def test_a_pair_that_found_no_room_may_come_again():
    """It was shed, so the same id is no duplicate."""
    async with listening() as found:
        found.has_room = False
        await found.post("/api/v1/pairs/int8", b'{"id": "q-1"}')
        found.has_room = True
        await found.post("/api/v1/pairs/int8", b'{"id": "q-1"}')

    assert found.fates == {("pairs", Fate.SHED): 1, ("pairs", Fate.JOINED): 1}


async def test_a_share_is_sampled_by_id():
    """All events of an exchange are kept, or none."""
    async with listening(sample_rate=0.5) as found:
        for number in range(60):
            for service in ("iris", "iris-int8"):
                for kind in ("request", "response"):
                    await found.post("/", b"{}", **attributes(service, kind, f"x-{number}"))

    assert 10 < len(found.parcels) < 50
    assert found.fates["cloud_events", Fate.JOINED] == 4 * len(found.parcels)
    assert found.fates.total() == 240


async def test_without_the_token_nothing_is_taken():
    """Not even the body is read."""
    async with listening(token="t0ken") as found:
        bare = await found.post("/api/v1/pairs/int8", b'{"id": "q-1"}')
        async with found.session.post(
            f"http://any:t0ken@127.0.0.1:{found.port}/api/v1/pairs/int8", data=b'{"id": "q-1"}'
        ) as answer:
            status = answer.status

    assert (bare[0], status, len(found.parcels)) == (401, 202, 1)


@pytest.mark.parametrize(
    ("body", "status"), [(b"x" * 2001, 413), (gzip.compress(b"x" * 1_000_000, mtime=0), 400)]
)
async def test_what_is_too_large_is_refused(body, status):
    """As it comes, and as it comes out of its coding."""
    more = {"content_encoding": "gzip"} if body.startswith(b"\x1f") else {}
    async with listening(body_max_bytes=2000) as found:
        answer = await found.post("/litellm", body, **more)

    assert answer[0] == status
    assert found.fates == {("litellm", Fate.REFUSED): 1}


async def test_too_much_at_one_time_is_shed_at_once():
    """A logger keeps in memory what it cannot send: what finds no room gets a 429, and no wait."""
    async with listening(body_max_bytes=1000, total_max_bytes=1200) as found:
        head = b"POST /litellm HTTP/1.1\r\nHost: a\r\nContent-Length: 901\r\n\r\n"
        _, writer = await asyncio.open_connection("127.0.0.1", found.port)
        writer.write(head + b" " * 900)
        async with asyncio.timeout(10):
            while (await found.post("/litellm", b" " * 900))[0] != 429:
                found.fates.clear()  # the first one's bytes were not there yet
        writer.close()
        await writer.wait_closed()

    assert found.fates["litellm", Fate.SHED] == 1


async def test_other_methods_are_refused():
    """Whoever only looks is told that this is for posts."""
    async with listening() as found, found.session.get(found.url) as answer:
        assert answer.status == 405


async def test_a_large_batch_does_not_hold_others_up():
    """While 8 MB of payloads are read, an event is still answered soon."""
    payload = a_payload("big", messages=[{"role": "user", "content": "x" * 4000}])
    payloads = [payload | {"metadata": {"shadowmon_id": f"p-{number}"}} for number in range(2000)]
    clock = SystemClock()
    async with listening() as found:
        large = asyncio.ensure_future(found.post("/litellm", json.dumps(payloads).encode()))
        await asyncio.sleep(0.05)
        waits: list[float] = []
        while not large.done():
            begun = clock.monotonic()
            await found.post("/", b"{}", **attributes("iris", "request", f"x-{len(waits)}"))
            waits.append(clock.monotonic() - begun)
        status, told = await large

    assert (status, told["taken"]) == (202, 2000)
    assert max(waits) < 1.0
