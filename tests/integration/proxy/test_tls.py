"""TLS on both sides: certificates are checked, changed while users are served, and the bytes are
the same."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

from pathlib import Path

import pytest
import trustme

from shadowmon.ipc.board import Count
from shadowmon.proxy.plan import PlannedModelTls
from shadowmon.records import Ending
from tests.integration.proxy.rig import OK, Client, ModelServer, Visit, answering, until


POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"


# --- with model servers -----------------------------------------------------


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_is_checked(rig, tmp_path, trusted):
    """One of the authority in `ca` is served from; any other is a model server out of reach."""
    authority, other = trustme.CA(), trustme.CA()
    (authority if trusted else other).cert_pem.write_to_path(tmp_path / "ca.pem")
    server, port = await a_model_server(authority)
    proxy = await rig(
        urls={"base": [f"https://localhost:{port}"]},
        model_tls=PlannedModelTls(ca=str(tmp_path / "ca.pem")),
    )

    client = await proxy.client()
    answers = [await client.ask(POST)]
    if trusted:
        answers.append(await client.ask(POST))

    exchange = await proxy.exchange()
    if trusted:
        assert [answer.raw for answer in answers] == [OK, OK]
        assert [body for _, body in server.requests] == [b"body", b"body"]
        assert len(server.visits) == 1
    else:
        assert answers[0].status == 502
        assert exchange.served.ending is Ending.UNREACHABLE
    proxy.station.pools["base"].close()
    await server.end()


@pytest.mark.parametrize(("name", "status"), [("model.internal", 200), (None, 502)])
async def test_a_certificate_may_have_another_name(rig, tmp_path, name, status):
    """`server_name` is what the certificate must say, whatever the address is."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server, port = await a_model_server(authority, "model.internal")
    proxy = await rig(
        urls={"base": [f"https://127.0.0.1:{port}"]},
        model_tls=PlannedModelTls(ca=str(tmp_path / "ca.pem"), server_name=name),
    )

    assert (await proxy.ask(POST)).status == status
    proxy.station.pools["base"].close()
    await server.end()


@pytest.mark.parametrize(("shown", "status"), [(True, 200), (False, 502)])
async def test_a_certificate_is_shown_to_a_model_server(rig, tmp_path, shown, status):
    """A server that wants to know who asks is told by `certificate` and `key`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    files = written(authority.issue_cert("us@shadowmon"), tmp_path)
    server, port = await a_model_server(authority, asks=True)
    own = dict(zip(("certificate", "key"), map(str, files), strict=True)) if shown else {}
    proxy = await rig(
        urls={"base": [f"https://localhost:{port}"]},
        model_tls=PlannedModelTls(ca=str(tmp_path / "ca.pem"), **own),
    )

    assert (await proxy.ask(POST)).status == status
    proxy.station.pools["base"].close()
    await server.end()


async def a_model_server(
    authority: trustme.CA, name: str = "localhost", *, asks: bool = False
) -> tuple[ModelServer, int]:
    """Start one behind TLS; it may ask for a certificate of the same authority's."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    if asks:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    server = ModelServer(answering(OK))
    return server, await server.start(context=context)


# --- with users -------------------------------------------------------------


def written(certificate: trustme.LeafCert, folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key where the proxy reads them."""
    chain, key = folder / "proxy.pem", folder / "proxy.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    return chain, key


@pytest.fixture(name="secure")
async def _secure(rig, tmp_path):
    """`await secure(authority, …)` is a rig whose users come in by TLS."""

    async def secure(authority: trustme.CA, *, client_ca: Path | None = None, **changes):
        chain, key = written(authority.issue_cert("localhost"), tmp_path)
        tls = {"certificate": chain, "key": key, "client_ca": client_ca}
        return await rig(tls=tls, **changes)

    return secure


async def a_client(proxy, authority: trustme.CA, own: trustme.LeafCert | None = None) -> Client:
    """Connect a user by TLS."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.configure_trust(context)
    if own is not None:
        own.configure_cert(context)
    client = Client(
        *await asyncio.open_connection(
            "127.0.0.1", proxy.port, ssl=context, server_hostname="localhost", limit=2**20
        )
    )
    proxy._clients.append(client)
    return client


def serial(client: Client) -> str:
    """Return the number of the certificate that the proxy showed."""
    shown = client.writer.get_extra_info("ssl_object").getpeercert()
    return str(shown["serialNumber"])


async def test_users_may_come_by_tls(secure):
    """HTTP/1.1 is what is agreed on, and request and answer are as they ever were."""
    authority = trustme.CA()
    proxy = await secure(authority)

    client = await a_client(proxy, authority)
    answers = [await client.ask(POST), await client.ask(POST)]

    assert client.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    assert [answer.raw for answer in answers] == [OK, OK]
    assert [body for _, body in proxy.base.requests] == [b"body", b"body"]


async def test_large_bodies_pass_by_tls(secure):
    """Four megabytes each way arrive as they were sent."""
    body = bytes(range(256)) * 16_384

    async def echo(visit: Visit) -> None:
        _, got = await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(got) + got)

    authority = trustme.CA()
    proxy = await secure(authority, base=echo)
    client = await a_client(proxy, authority)

    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    asking = asyncio.ensure_future(client.say(head + body))
    answer = await client.answer()
    await asking

    assert answer.body == body


async def test_plain_speech_is_not_understood_behind_tls(secure):
    """A user without TLS gets no answer, and no model server hears of it."""
    proxy = await secure(trustme.CA())

    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(POST)
    with contextlib.suppress(ConnectionError):
        assert b"HTTP" not in await reader.read()
    writer.transport.abort()

    assert proxy.base.visits == []


async def test_whoever_does_not_end_the_handshake_has_a_place(secure):
    """Users in TLS's own beginning count for `connections_max`; in time their place is free."""
    authority = trustme.CA()
    proxy = await secure(authority, connections_max=3, head_timeout_seconds=0.8)
    slow = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(3)]
    await until(lambda: len(proxy.station.users) == 3)

    with pytest.raises((ConnectionError, ssl.SSLError)):
        await a_client(proxy, authority)
    await until(lambda: not proxy.station.users)
    late = await a_client(proxy, authority)

    assert (await late.ask(POST)).raw == OK
    assert proxy.count(Count.CONNECTIONS_REFUSED) == 1
    assert proxy.count(Count.HANDSHAKE_FAILED) == 3
    assert proxy.count(Count.CONNECTIONS) - proxy.count(Count.CONNECTIONS_CLOSED) == 1
    for _, writer in slow:
        writer.transport.abort()


async def test_a_handshake_keeps_its_place_for_the_user(secure):
    """The last place is enough to come in, be served, and leave it to the next."""
    authority = trustme.CA()
    proxy = await secure(authority, connections_max=1)

    for _ in range(3):
        client = await a_client(proxy, authority)
        assert (await client.ask(POST)).raw == OK
        await client.end()
        await until(lambda: not proxy.station.users)

    assert proxy.count(Count.CONNECTIONS_REFUSED) == 0


async def test_a_handshake_under_way_does_not_hold_up_a_drain(secure):
    """Who has not ended it a second after the drain began is let go."""
    proxy = await secure(trustme.CA(), head_timeout_seconds=60.0)
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    await until(lambda: len(proxy.station.users) == 1)

    proxy.station.drain()

    async with asyncio.timeout(5):
        await proxy.station.empty.wait()
    writer.transport.abort()


async def test_no_descriptor_is_left_behind_by_a_handshake(secure):
    """Whether it was ended, refused or broken off, its socket is closed."""
    authority = trustme.CA()
    proxy = await secure(authority, connections_max=2)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(POST)
        writer.transport.abort()
    await until(lambda: not proxy.station.users)

    await until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


async def test_small_pieces_are_not_held_back_by_tls(secure):
    """Nagle's algorithm is off, as it is without TLS: a token is sent when it is there."""
    authority = trustme.CA()
    proxy = await secure(authority)
    client = await a_client(proxy, authority)
    await client.ask(POST)

    (user,) = proxy.station.users
    sock = user.transport.get_extra_info("socket")

    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("known", [True, False])
async def test_users_may_have_to_show_a_certificate(secure, tmp_path, known):
    """With `client_ca` only those of its authorities are served."""
    authority, users = trustme.CA(), trustme.CA()
    users.cert_pem.write_to_path(tmp_path / "users.pem")
    proxy = await secure(authority, client_ca=tmp_path / "users.pem")
    own = users.issue_cert("ann@users") if known else None

    if known:
        client = await a_client(proxy, authority, own)
        assert (await client.ask(POST)).raw == OK
    else:
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await (await a_client(proxy, authority)).ask(POST)
        assert proxy.base.visits == []


async def test_a_certificate_is_changed_while_users_are_served(secure, tmp_path):
    """New connections see the new one; a stream on an old connection goes on to its end."""
    go = asyncio.Event()

    async def stream(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await go.wait()
        await visit.say(b"3\r\ntwo\r\n0\r\n\r\n")

    authority = trustme.CA()
    proxy = await secure(authority, base=stream)
    old = await a_client(proxy, authority)
    await old.say(POST)
    await old.reader.readuntil(b"one\r\n")

    written(authority.issue_cert("localhost"), tmp_path)
    await until(lambda: proxy.said != [])
    new = await a_client(proxy, authority)
    go.set()

    assert proxy.said == [("proxy.certificate_changed", {"why": str(tmp_path / "proxy.pem")})]
    assert await old.reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"
    assert serial(new) != serial(old)
    assert (await new.ask(POST)).body == b"onetwo"


async def test_a_certificate_that_is_none_changes_nothing(secure, tmp_path):
    """The old one stays in force, and what is wrong is told."""
    authority = trustme.CA()
    proxy = await secure(authority)
    before = await a_client(proxy, authority)

    (tmp_path / "proxy.pem").write_text("nonsense")
    await until(lambda: proxy.said != [])

    after = await a_client(proxy, authority)
    assert proxy.said[0][0] == "proxy.certificate_refused"
    assert serial(after) == serial(before)
    assert (await after.ask(POST)).raw == OK


async def test_a_refusal_is_heard_by_tls(secure):
    """An upload that is refused gets its answer, whole, and then the end."""

    async def early(visit: Visit) -> None:
        await visit.head()
        await visit.say(b"HTTP/1.1 413 No\r\ncontent-length: 3\r\n\r\nbig")
        await visit.until_gone()

    authority = trustme.CA()
    proxy = await secure(authority, base=early)
    client = await a_client(proxy, authority)

    await client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nhalf")
    answer = await client.answer()

    assert (answer.status, answer.body) == (413, b"big")
    assert b"connection: close" in answer.head
    await client.say(bytes(200))  # what is still sent is thrown away, and no reason for a reset
    assert len(proxy.station.users) == 1
    client.writer.close()
    await until(lambda: not proxy.station.users)


async def test_a_truncated_answer_has_no_clean_end_by_tls(secure):
    """Where the model server's answer is cut the user's is, without TLS's own goodbye."""

    async def cut(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await asyncio.sleep(0.05)
        visit.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        visit.writer.transport.abort()

    authority = trustme.CA()
    proxy = await secure(authority, base=cut)
    client = await a_client(proxy, authority)
    await client.say(POST)

    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await client.reader.readuntil(b"never")
    await until(lambda: proxy.count(Count.TRUNCATED) == 1)


async def test_a_tunnel_may_be_dug_by_tls(secure):
    """An upgrade works behind TLS as it does without."""

    async def echo(visit: Visit) -> None:
        await visit.head()
        await visit.say(
            b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhi"
        )
        await visit.say(await visit.reader.readexactly(4))

    authority = trustme.CA()
    proxy = await secure(authority, base=echo)
    client = await a_client(proxy, authority)

    await client.say(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    await client.reader.readuntil(b"\r\n\r\nhi")
    await client.say(b"ping")

    assert await client.reader.readexactly(4) == b"ping"
