"""What a failed call says about the model, where no server can be made to show it."""

from __future__ import annotations

import errno
import ssl

from typing import Any

import aiohttp
import pytest

from shadowmon.mirror.arm import _meaning
from shadowmon.records import Outcome


KEY: Any = aiohttp.client_reqrep.ConnectionKey("model", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EMFILE, "x")), Outcome.SHED),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "x")), Outcome.REFUSED),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("expired")),
            Outcome.REFUSED,
        ),
        (aiohttp.InvalidURL("canary"), Outcome.SHED),
        (ValueError("canary"), Outcome.SHED),
        (ConnectionResetError("canary"), Outcome.RESET),
        (aiohttp.ServerTimeoutError("canary"), Outcome.TIMEOUT),
    ],
)
def test_meaning(error: Exception, outcome: Outcome) -> None:
    """Our own shortages are shed, a bad certificate is no connection; nothing is quoted."""
    found, problem = _meaning(error)

    assert found is outcome
    assert problem
    assert "canary" not in problem
