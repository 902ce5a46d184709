"""The tap on a real socket, before peers of every kind."""

from __future__ import annotations

import asyncio
import socket

from hashlib import sha256

import pytest

from shadowmon.ipc.handover import ExchangeHead
from shadowmon.traffic.settings import RouteSettings
from shadowmon.traffic.tap import Fate
from tests.integration.traffic.tapped import a_tap


def post(body: bytes = b"{}", *headers: bytes, target: bytes = b"/v1/chat/completions") -> bytes:
    head = [b"POST " + target + b" HTTP/1.1", b"host: api", *headers]
    return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", body])


def chunked(*pieces: bytes) -> bytes:
    head = b"POST /v1/x HTTP/1.1\r\nhost: api\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (*pieces, b""))


async def test_copy_is_handed_over_as_it_came() -> None:
    """A copy is answered 202 and handed over: target, headers and body as on the wire."""
    async with a_tap() as tapped:
        raw = post(
            b'{"a":1}', b"X-Request-Id: x-7", b"X-A: 1", b"x-a: \xe9", target=b"/v1//a/../%2F?b=%20"
        )
        answer = await tapped.send(raw)
        await tapped.until(lambda: bool(tapped.exchanges))

    (head, body) = tapped.exchanges[0]
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert (head.id, head.route, head.source) == ("x-7", "chat", "tap")
    assert (head.method, head.target) == (b"POST", b"/v1//a/../%2F?b=%20")
    assert b"\r\nx-a: 1\r\nx-a: \xe9\r\n" in head.headers
    assert (body, head.body_bytes, head.served, head.failed_first) == (b'{"a":1}', 7, None, None)
    assert tapped.fates == {Fate.MIRRORED: 1}


async def test_answer_comes_before_the_work() -> None:
    """When the exchange is handed over, its peer has the answer already."""
    answers: list[bytes] = []
    async with a_tap() as tapped:
        with socket.create_connection(("127.0.0.1", tapped.port)) as peer:
            peer.setblocking(False)
            taken = tapped.take

            def take(head: ExchangeHead, body: bytes) -> bool:
                answers.append(peer.recv(1000))
                return taken(head, body)

            tapped.on_take = take
            peer.send(post())
            await tapped.until(lambda: bool(answers))

    assert answers[0].startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(
    ("host", "original"),
    [
        (b"api-shadow:8080", b"api:8080"),
        (b"api-shadow", b"api"),
        (b"127.0.0.1-shadow:10000", b"127.0.0.1:10000"),
        (b"api:8080-shadow", b"api:8080"),
        (b"my-shadow-api", b"my-shadow-api"),
    ],
)
async def test_shadow_hosts(host: bytes, original: bytes) -> None:
    """Envoy's mark on the host is taken off, before the port too."""
    async with a_tap() as tapped:
        await tapped.send(b"GET /v1 HTTP/1.1\r\nhost: " + host + b"\r\n\r\n")
        await tapped.until(lambda: bool(tapped.exchanges))

    assert b"host: " + original in tapped.exchanges[0][0].headers.split(b"\r\n")


async def test_chunked_body() -> None:
    """A chunked body is put together."""
    async with a_tap() as tapped:
        await tapped.send(chunked(b"ab", b"c" * 1000, b"d"))
        await tapped.until(lambda: bool(tapped.exchanges))

    assert tapped.exchanges[0][1] == b"ab" + b"c" * 1000 + b"d"


async def test_five_megabytes() -> None:
    """A body of 5 MB arrives whole, chunked or not."""
    body = bytes(range(256)) * 20_000
    async with a_tap() as tapped:
        await tapped.send(post(body))
        await tapped.send(chunked(*(body[at : at + 50_000] for at in range(0, len(body), 50_000))))
        await tapped.until(lambda: len(tapped.exchanges) == 2)

    assert {sha256(taken).digest() for _, taken in tapped.exchanges} == {sha256(body).digest()}


async def test_content_coding_is_left_on() -> None:
    """A compressed body is handed over as it came."""
    async with a_tap() as tapped:
        await tapped.send(post(b"\x1f\x8b not really", b"content-encoding: gzip"))
        await tapped.until(lambda: bool(tapped.exchanges))

    assert tapped.exchanges[0][1] == b"\x1f\x8b not really"


async def test_many_requests_without_a_body_on_one_connection() -> None:
    """Requests without a body, one after the other on one connection, are all answered."""
    async with a_tap() as tapped, await tapped.connect() as peer:
        for method in (b"GET", b"DELETE", b"PURGE", b"GET", b"OPTIONS"):
            peer.writer.write(method + b" /v1/a HTTP/1.1\r\nhost: api\r\n\r\n")
            assert (await peer.answer()).startswith(b"HTTP/1.1 202 ")
        await tapped.until(lambda: len(tapped.exchanges) == 5)

    assert [head.method for head, _ in tapped.exchanges][2] == b"PURGE"
    assert {head.id for head, _ in tapped.exchanges} == {"made-up"}


async def test_nothing_is_answered_before_the_body_is_there() -> None:
    """While the body is still coming there is no answer, and then it comes at once."""
    async with a_tap() as tapped, await tapped.connect() as peer:
        raw = post(b"0123456789")
        for byte in raw[:-1]:
            peer.writer.write(bytes([byte]))
            await peer.writer.drain()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await peer.reader.read(1)
        peer.writer.write(raw[-1:])
        assert (await peer.answer()).startswith(b"HTTP/1.1 202 ")


async def test_expect_continue() -> None:
    """A peer that waits for 100 Continue gets it, and then 202."""
    async with a_tap() as tapped, await tapped.connect() as peer:
        head, _, body = post(b"hello", b"expect: 100-continue").partition(b"\r\n\r\n")
        peer.writer.write(head + b"\r\n\r\n")
        assert await peer.answer() == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.writer.write(body)
        assert (await peer.answer()).startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(
    "raw", [post(b"x" * 1001), chunked(b"x" * 600, b"x" * 600)], ids=["declared", "chunked"]
)
async def test_over_the_cap(raw: bytes) -> None:
    """A body over the cap gets 413, the connection ends, and nothing is handed over."""
    async with a_tap(body_max_bytes=1000) as tapped, await tapped.connect() as peer:
        peer.writer.write(raw)
        assert (await peer.answer()).startswith(b"HTTP/1.1 413 ")
        assert await peer.is_closed()
        await tapped.until(lambda: bool(tapped.fates))

    assert (tapped.exchanges, tapped.fates) == ([], {Fate.REFUSED: 1})


async def test_exactly_at_the_cap() -> None:
    """A body of exactly the cap is taken."""
    async with a_tap(body_max_bytes=1000) as tapped:
        await tapped.send(post(b"x" * 1000))
        await tapped.until(lambda: bool(tapped.exchanges))

    assert tapped.fates == {Fate.MIRRORED: 1}


async def test_413_is_seen_by_a_peer_that_still_sends() -> None:
    """A peer in the middle of a large upload still gets its 413."""
    async with a_tap(body_max_bytes=1000) as tapped, await tapped.connect() as peer:
        peer.writer.write(post(b"x" * 3_000_000))
        assert (await peer.answer()).startswith(b"HTTP/1.1 413 ")


async def test_too_much_at_one_time() -> None:
    """Bodies that are together more than the total are shed, and the ones before are not."""
    async with a_tap(body_max_bytes=1000, total_max_bytes=1200) as tapped:
        async with await tapped.connect() as first, await tapped.connect() as second:
            whole = post(b"x" * 900)
            first.writer.write(whole[:-1])
            await asyncio.sleep(0.05)
            second.writer.write(whole)
            assert (await second.answer()).startswith(b"HTTP/1.1 503 ")
            first.writer.write(whole[-1:])
            assert (await first.answer()).startswith(b"HTTP/1.1 202 ")
        await tapped.send(whole)
        await tapped.until(lambda: tapped.fates.total() == 3)

    assert tapped.fates == {Fate.MIRRORED: 2, Fate.SHED: 1}


async def test_stalled_body() -> None:
    """A body that does not end in time is refused, and the connection ends."""
    async with a_tap(body_timeout_seconds=0.1) as tapped, await tapped.connect() as peer:
        peer.writer.write(post(b"hello")[:-1])
        assert (await peer.answer()).startswith(b"HTTP/1.1 408 ")
        await tapped.until(lambda: bool(tapped.fates))

    assert (tapped.exchanges, tapped.fates) == ([], {Fate.REFUSED: 1})


async def test_peer_that_breaks_off() -> None:
    """A copy that is cut in the middle of its body is refused; half of it is never handed over."""
    async with a_tap() as tapped:
        async with await tapped.connect() as peer:
            peer.writer.write(post(b"hello")[:-1])
            await peer.writer.drain()
            await asyncio.sleep(0.05)
            peer.writer.transport.abort()
        await tapped.until(lambda: bool(tapped.fates))

    assert (tapped.exchanges, tapped.fates) == ([], {Fate.REFUSED: 1})


async def test_peer_that_does_not_wait_for_the_answer() -> None:
    """A copy that came whole is handed over, though nobody waits for the answer."""
    async with a_tap() as tapped:
        async with await tapped.connect() as peer:
            peer.writer.write(post(b"hello"))
            await peer.writer.drain()
        await tapped.until(lambda: bool(tapped.fates))

    assert tapped.fates == {Fate.MIRRORED: 1}


@pytest.mark.parametrize(("pause", "status"), [(False, b" 400 "), (True, b" 408 ")])
async def test_bad_chunks(pause: bool, status: bytes) -> None:
    """
    A body whose framing is broken is refused once, wherever the segments are cut.

    In a later segment aiohttp tells nobody of it, so that the body's deadline has to.
    """
    async with a_tap(body_timeout_seconds=0.2) as tapped, await tapped.connect() as peer:
        peer.writer.write(chunked(b"ab").removesuffix(b"0\r\n\r\n"))
        if pause:
            await peer.writer.drain()
            await asyncio.sleep(0.05)
        peer.writer.write(b"zz\r\nab\r\n0\r\n\r\n")
        assert status in await peer.answer()
        assert await peer.is_closed()

    assert (tapped.exchanges, tapped.fates) == ([], {Fate.REFUSED: 1})


async def test_malformed_head(caplog: pytest.LogCaptureFixture) -> None:
    """A head that is no HTTP is refused, without a word of it in the answer or the log."""
    async with a_tap() as tapped:
        answer = await tapped.send(b"GET /v1 HTTP/1.1\r\nhost: api\r\ncanary\x00: x\r\n\r\n")

    assert b" 400 " in answer
    assert b"canary" not in answer
    assert "canary" not in caplog.text
    assert tapped.fates == {Fate.REFUSED: 1}


@pytest.mark.parametrize(
    ("raw", "fates"), [(b"", {}), (b"GET /v1 HTTP/1.1\r\nhost: a\r\nx", {Fate.REFUSED: 1})]
)
async def test_half_a_head(raw: bytes, fates: dict[Fate, int]) -> None:
    """A connection that sends no whole head is closed, however slowly it goes on sending."""
    async with a_tap(head_timeout_seconds=0.2) as tapped, await tapped.connect() as peer:
        peer.writer.write(raw)
        async with asyncio.timeout(5):
            while not peer.reader.at_eof():
                peer.writer.write(b"y" * bool(raw))
                try:
                    async with asyncio.timeout(0.05):
                        await peer.reader.read(1)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break

    assert tapped.fates == fates


async def test_half_a_second_head() -> None:
    """The head's deadline holds for later requests of a connection too."""
    async with a_tap(head_timeout_seconds=0.2) as tapped, await tapped.connect() as peer:
        peer.writer.write(post())
        await peer.answer()
        peer.writer.write(b"GET /v1")
        assert await peer.is_closed()

    assert tapped.fates == {Fate.MIRRORED: 1, Fate.REFUSED: 1}


async def test_head_deadline_spares_slow_bodies_and_idle_connections() -> None:
    """The head's deadline ends neither a slow body nor a connection that is idle in between."""
    async with a_tap(head_timeout_seconds=0.2) as tapped, await tapped.connect() as peer:
        raw = post(b"hello")
        peer.writer.write(raw[:-1])
        await asyncio.sleep(0.4)
        peer.writer.write(raw[-1:])
        assert (await peer.answer()).startswith(b"HTTP/1.1 202 ")
        await asyncio.sleep(0.4)
        peer.writer.write(raw)
        assert (await peer.answer()).startswith(b"HTTP/1.1 202 ")


async def test_too_many_connections() -> None:
    """A connection over the cap is closed at once and counted; its place is free again later."""
    async with a_tap(connections_max=2) as tapped:
        async with await tapped.connect() as first, await tapped.connect() as second:
            for peer in (first, second):
                peer.writer.write(post())
                await peer.answer()
            async with await tapped.connect() as third:
                assert await third.is_closed()
            await tapped.until(lambda: tapped.fates[Fate.SHED] == 1)
        await asyncio.sleep(0.05)
        assert (await tapped.send(post())).startswith(b"HTTP/1.1 202 ")


async def test_no_room_further_down() -> None:
    """When nobody takes the exchange it is shed, and the peer is answered all the same."""
    async with a_tap() as tapped:
        tapped.has_room = False
        assert (await tapped.send(post())).startswith(b"HTTP/1.1 202 ")
        await tapped.until(lambda: bool(tapped.fates))

    assert tapped.fates == {Fate.SHED: 1}


async def test_sampling() -> None:
    """What is not sampled is answered, counted, and not handed over."""
    routes = {"chat": RouteSettings(baseline="base", sample_rate=0.0)}
    async with a_tap(routes) as tapped:
        assert (await tapped.send(post())).startswith(b"HTTP/1.1 202 ")
        await tapped.until(lambda: bool(tapped.fates))

    assert (tapped.exchanges, tapped.fates) == ([], {Fate.SAMPLED_OUT: 1})


@pytest.mark.parametrize(
    "raw", [post(target=b"/v2/x"), post(b"{}", b"X-Shadowmon-Shadow: 1")], ids=["unrouted", "own"]
)
async def test_what_must_not_be_mirrored(raw: bytes) -> None:
    """A request on no route, or a shadow call that came round, is answered and refused."""
    async with a_tap() as tapped:
        assert (await tapped.send(raw)).startswith(b"HTTP/1.1 202 ")
        await tapped.until(lambda: bool(tapped.fates))

    assert (tapped.exchanges, tapped.fates) == ([], {Fate.REFUSED: 1})


@pytest.mark.parametrize("given", [b"x" * 257, b"  "])
async def test_useless_ids(given: bytes) -> None:
    """An id that is empty or absurdly long is replaced."""
    async with a_tap() as tapped:
        await tapped.send(post(b"{}", b"x-request-id: " + given))
        await tapped.until(lambda: bool(tapped.exchanges))

    assert tapped.exchanges[0][0].id == "made-up"
