"""Envoy's streams become exchanges, within bounds."""

from __future__ import annotations

import asyncio

from collections import Counter
from typing import Any

import pytest

from structlog.testing import capture_logs

from shadowmon.ipc.handover import Parcel
from shadowmon.records import Ending, ModelName, RouteName
from shadowmon.traffic.ext_proc import End, ExtProc, Fate
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import ExtProcSettings, RouteSettings
from tests import envoys_words as words
from tests.handing_over import handed_over
from tests.places import StandingClock


class Seen:
    """An observer, and what became of what it was told."""

    def __init__(self, *, has_room: bool = True, sample_rate: float = 1.0, **settings: Any) -> None:
        route = RouteSettings(path_prefix="/v1", baseline="base", sample_rate=sample_rate)
        self.clock = StandingClock()
        self.parcels: list[Parcel] = []
        self.counts: Counter[tuple[End, Fate]] = Counter()
        self.has_room = has_room
        self.ext_proc = ExtProc(
            ExtProcSettings(**settings),
            routes={"chat": route},
            models={RouteName("chat"): frozenset({ModelName("base"), ModelName("int8")})},
            sampling=Sampling("salt"),
            hand_over=self.hand_over,
            count=lambda end, fate: self.counts.update([(end, fate)]),
            clock=self.clock,
            make_id=lambda: "made-up",
        )

    def hand_over(self, parcel: Parcel) -> bool:
        self.parcels.append(parcel)
        return self.has_room

    async def observe(self, messages: list[bytes], **metadata: str) -> int:
        """Let one stream come; return how many of its messages were taken."""
        taken = 0

        async def stream():
            nonlocal taken
            for message in messages:
                taken += 1
                yield message
                self.clock.seconds += 1

        await self.ext_proc.observe(stream(), metadata)
        assert (self.ext_proc.streams, self.ext_proc.held) == (0, 0)
        return taken

    def only(self) -> Parcel:
        (parcel,) = self.parcels
        return parcel


async def test_a_whole_stream_is_a_whole_exchange():
    """Request and answer byte for byte, heads as on the wire, times from the head on."""
    seen = Seen()
    await seen.observe(words.told())

    parcel = seen.only()
    head = parcel.head
    assert (head.id, head.route, head.source) == ("x-1", "chat", "ext_proc")
    assert (head.method, head.target) == (b"POST", b"/v1/chat/completions")
    assert head.headers == (
        b"host: models:80\r\ncontent-type: application/json\r\nx-request-id: x-1"
    )
    assert b"".join(parcel.request) == b'{"messages":[]}'
    assert b"".join(parcel.answer) == b'{"id":"1"}'
    assert (head.body_bytes, head.served and head.served.body_bytes) == (15, 10)
    assert head.served
    assert (head.served.model, head.served.status) == ("base", 200)
    assert head.served.ending is Ending.COMPLETE
    assert head.served.headers == b"content-type: application/json"
    assert (head.served.duration_seconds, head.served.first_byte_seconds) == (6.0, 4.0)
    assert seen.counts == {(End.ANSWERED, Fate.MIRRORED): 1}


async def test_an_answer_names_its_model():
    """As the route adds it to the answer."""
    seen = Seen()
    answered = (*words.ANSWERED, ("x-shadowmon-model", "int8"))
    await seen.observe(words.told(answered=answered))

    served = seen.only().head.served
    assert served
    assert served.model == "int8"


async def test_a_user_cannot_name_the_model():
    """A request's header of that name says nothing."""
    seen = Seen()
    await seen.observe(words.told(asked=(*words.ASKED, ("x-shadowmon-model", "int8"))))

    served = seen.only().head.served
    assert served
    assert served.model == "base"


async def test_a_stranger_among_the_models_is_refused():
    """An answer that names a model which is not the route's is evidence of nothing."""
    seen = Seen()
    answered = (*words.ANSWERED, ("x-shadowmon-model", "int2"))
    taken = await seen.observe(words.told(answered=answered))

    assert (taken, seen.parcels) == (4, [])
    assert seen.counts == {(End.LET_GO, Fate.REFUSED): 1}


async def test_nothing_is_read_beyond_the_answers_end():
    """Or else the stream would count against Envoy's limit for seconds."""
    seen = Seen()
    messages = words.told()

    assert await seen.observe([*messages, words.body(5, b"?")]) == len(messages)


@pytest.mark.parametrize(
    "last", [words.headers(3, words.ANSWERED, is_last=True), words.trailers(7)]
)
async def test_an_answers_end_may_be_its_head_or_its_trailers(last):
    """A 204 has no body; gRPC's answers end with trailers."""
    seen = Seen()
    begin = words.told()[:4] if last[0] >> 3 == 7 else words.told()[:3]
    await seen.observe([*begin, last])

    assert seen.counts == {(End.ANSWERED, Fate.MIRRORED): 1}


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6])
async def test_what_ends_early_is_no_measure(length):
    """Wherever it ends; who ended it Envoy does not say."""
    seen = Seen()
    await seen.observe(words.told()[:length])

    served = seen.only().head.served
    assert served
    assert served.ending is Ending.CLIENT_GONE
    assert seen.counts == {(End.ABORTED, Fate.MIRRORED): 1}


async def test_an_answer_to_half_a_request_is_no_measure():
    """A server may refuse an upload before it is whole."""
    seen = Seen()
    messages = words.told()
    await seen.observe([messages[0], messages[1], *messages[3:]])

    served = seen.only().head.served
    assert served
    assert served.ending is Ending.CLIENT_GONE


async def test_a_stream_that_is_cancelled_is_aborted():
    """As gRPC does when Envoy resets it; nothing of it stays."""
    seen = Seen()
    waiting = asyncio.Event()

    async def stream():
        yield words.told()[0]
        waiting.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(seen.ext_proc.observe(stream(), {}))
        await waiting.wait()
        assert seen.ext_proc.held > 0
        task.cancel()

    assert (seen.ext_proc.streams, seen.ext_proc.held) == (0, 0)
    assert seen.counts == {(End.ABORTED, Fate.MIRRORED): 1}


async def test_a_stream_that_never_ends_is_ended():
    """After the longest generation."""
    seen = Seen(stream_timeout_seconds=0.01)

    async def stream():
        yield words.told()[0]
        await asyncio.Event().wait()

    await seen.ext_proc.observe(stream(), {})

    assert seen.counts == {(End.ABORTED, Fate.MIRRORED): 1}


@pytest.mark.parametrize(
    "asked",
    [
        [(":path", "/other"), (":method", "POST")],
        [*words.ASKED, ("x-shadowmon-shadow", "1")],
    ],
)
async def test_what_is_not_ours_is_let_go_at_its_head(asked):
    """On no route, or a shadow call that comes by again."""
    seen = Seen()

    assert await seen.observe(words.told(asked=asked)) == 1
    assert seen.counts == {(End.LET_GO, Fate.REFUSED): 1}


async def test_what_is_not_sampled_is_let_go_at_its_head():
    """By its id, as by every source."""
    seen = Seen(sample_rate=0.0)

    assert await seen.observe(words.told()) == 1
    assert seen.counts == {(End.LET_GO, Fate.SAMPLED_OUT): 1}


async def test_an_envoy_that_would_wait_is_let_go():
    """Nothing is ever answered, so it must not wait for an answer."""
    seen = Seen()

    assert await seen.observe([words.headers(2, words.ASKED, observing=False)]) == 1
    assert seen.counts == {(End.LET_GO, Fate.REFUSED): 1}


async def test_a_token_is_asked_for():
    """Without it nothing is read."""
    seen = Seen(token="t0ken")

    assert await seen.observe(words.told(), authorization="Bearer wrong") == 0
    assert await seen.observe(words.told(), authorization="Bearer t0ken") == 7
    assert seen.counts == {(End.LET_GO, Fate.REFUSED): 1, (End.ANSWERED, Fate.MIRRORED): 1}


async def test_who_comes_without_the_token_is_told_of_once_a_minute():
    """Whoever forgot it in Envoy finds out why nothing is mirrored; the log is not filled by it."""
    seen = Seen(token="t0ken")
    with capture_logs() as logged:
        await seen.observe(words.told())
        await seen.observe(words.told(), authorization="Bearer t0")
        await seen.observe(words.told(), authorization="Bearer t0ken")
        seen.clock.seconds += 60
        await seen.observe(words.told())

    assert [(each["event"], each["streams"]) for each in logged] == [
        ("ext_proc.sender_refused", 1),
        ("ext_proc.sender_refused", 2),
    ]
    assert "traffic.ext_proc.token" in logged[0]["problem"]
    assert "t0" not in str(logged).replace("traffic.ext_proc.token", "")


async def test_one_exchange_is_bounded():
    """Request and answer together; a larger one is let go, and nothing of it stays."""
    seen = Seen(exchange_max_bytes=2000)
    messages = words.told()
    messages[4:5] = [words.body(5, b"x" * 400)] * 10

    assert await seen.observe(messages) < len(messages)
    assert seen.counts == {(End.LET_GO, Fate.OVERSIZE): 1}


async def test_many_small_pieces_are_bounded_too():
    """What a piece holds beside its bytes counts."""
    seen = Seen(exchange_max_bytes=2000)
    messages = words.told()
    messages[4:5] = [words.body(5, b"x")] * 100

    await seen.observe(messages)

    assert seen.counts == {(End.LET_GO, Fate.OVERSIZE): 1}


async def test_all_together_are_bounded():
    """In bytes: whoever would go beyond is shed, the others stay."""
    seen = Seen(total_max_bytes=3000)
    held = asyncio.Event()

    async def slow():
        for message in words.told()[:4]:
            yield message
        yield words.body(5, b"x" * 1500)
        await held.wait()
        yield words.body(5, b"", is_last=True)

    async def large():
        for message in words.told()[:4]:
            yield message
        yield words.body(5, b"x" * 1500)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(seen.ext_proc.observe(slow(), {}))
        while seen.ext_proc.held < 1500:
            await asyncio.sleep(0)
        await seen.ext_proc.observe(large(), {})
        held.set()

    assert seen.counts == {(End.LET_GO, Fate.SHED): 1, (End.ANSWERED, Fate.MIRRORED): 1}
    assert seen.ext_proc.held == 0


async def test_streams_are_bounded():
    """In number: one more is let go before it is read."""
    seen = Seen(max_streams=1)
    going = asyncio.Event()

    async def slow():
        yield words.told()[0]
        await going.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(seen.ext_proc.observe(slow(), {}))
        while not seen.ext_proc.held:
            await asyncio.sleep(0)
        await seen.ext_proc.observe(aiter(_nothing()), {})
        going.set()

    assert seen.counts[End.LET_GO, Fate.SHED] == 1


async def _nothing():
    for message in list[bytes]():
        yield message


async def test_no_room_further_down_is_counted():
    """The exchange is lost, and said to be."""
    seen = Seen(has_room=False)
    await seen.observe(words.told())

    assert seen.counts == {(End.ANSWERED, Fate.SHED): 1}


@pytest.mark.parametrize(
    "messages",
    [
        [b"\xff"],
        [words.body(5, b"an answer without a request")],
        [words.told()[0], words.told()[0]],
        [words.told()[0], words.body(5, b"a body without a head")],
        [*words.told()[:3], words.body(4, b"beyond the end")],
    ],
)
async def test_what_cannot_be_is_malformed(messages):
    """It ends its own stream, and is counted."""
    seen = Seen()
    await seen.observe(messages)

    assert seen.counts == {(End.MALFORMED, Fate.REFUSED): 1}


@pytest.mark.parametrize("told", ["", "9" * 20, "9" * 5000, "-1", "0200"])
async def test_a_status_that_is_none_can_be_handed_on(told):
    """Whatever stands for the status, the exchange has one that can be written: 0."""
    seen = Seen()
    await seen.observe(words.told(answered=((":status", told),)))

    served = handed_over(seen.only()).served
    assert served is not None
    assert served.status == 0


async def test_an_exchange_without_an_id_is_given_one():
    """Envoy makes one, unless it is told not to."""
    seen = Seen()
    await seen.observe(words.told(asked=words.ASKED[:4]))

    assert seen.only().head.id == "made-up"
