"""What is said where gRPC is not there."""

from __future__ import annotations

import socket

import pytest

from shadowmon.errors import ConfigError
from shadowmon.traffic import ext_proc_server
from shadowmon.traffic.settings import ExtProcSettings


async def _observe(*_):
    raise AssertionError


async def test_without_the_extra_it_is_told_what_to_install(monkeypatch):
    """By the setting's name, before anything is served."""
    monkeypatch.setattr(ext_proc_server, "find_spec", lambda _: None)

    with socket.socket() as place, pytest.raises(ConfigError) as caught:
        ext_proc_server.make_server(ExtProcSettings(), place, _observe)

    assert str(caught.value) == (
        "traffic.ext_proc.listen: needs gRPC, and grpcio is not installed "
        "(install the extra: pip install 'shadowmon[ext-proc]')"
    )
