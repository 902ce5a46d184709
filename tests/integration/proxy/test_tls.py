"""A model server behind https: its certificate is checked, and the bytes are the same."""

from __future__ import annotations

import ssl

import pytest
import trustme

from shadowmon.proxy.plan import PlannedModel
from shadowmon.proxy.pool import Pool
from shadowmon.records import Ending
from tests.integration.proxy.rig import OK, ModelServer, answering


POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_is_checked(rig, tmp_path, monkeypatch, trusted):
    """One that the system trusts is served from; any other is a model server out of reach."""
    authority = trustme.CA()
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    proxy = await rig()
    server = ModelServer(answering(OK))
    model = PlannedModel(
        name="base", host="localhost", port=await server.start(context=context), tls=True
    )
    station = proxy.station
    station.pools["base"] = Pool(model, station.limits, station.pools["base"]._tasks, station.now)

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
    station.pools["base"].close()
    await server.end()
