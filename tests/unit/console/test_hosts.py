"""Which names the console goes by."""

from __future__ import annotations

import re

from pathlib import Path

import pytest

from shadowmon.console.hosts import host_name, is_known


DEPLOY = Path(__file__).parents[3] / "deploy"
NAMES = ("shadowmon.example", ".intern.example")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:9180",
        "LocalHost.:9180",
        "shadowmon",
        "127.0.0.1",
        "127.0.0.1:9180",
        "10.0.0.7:9180",
        "[::1]:9180",
        "[fd00::7]",
        "shadowmon.example",
        "SHADOWMON.example.:9180",
        "shadowmon.prod.svc:9180",
        "shadowmon.prod.svc.cluster.local",
        "a.intern.example",
        "",
    ],
)
def test_its_own(host):
    """Addresses, localhost, configured names and what lies below a configured end are known."""
    assert is_known(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9180",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-shadowmon.example",
        "a.shadowmon.example",
        "evilsvc",
        "svc",
        "[evil.example]",
        "evil.example:127.0.0.1",
        " ",
        ":9180",
        "user@127.0.0.1",
    ],
)
def test_foreign(host):
    """Whatever else is a name is somebody else's, however much it looks like ours."""
    assert not is_known(host, NAMES)


@pytest.mark.parametrize(
    ("host", "name"), [("a:1", "a"), ("[::1]:1", "::1"), ("a", "a"), ("[::1", "::1"), ("", "")]
)
def test_name_of_a_host(host, name):
    """Port and brackets are no part of a name."""
    assert host_name(host) == name


@pytest.mark.parametrize("name", ["flagger", "argo", "envoy"])
def test_what_deploy_asks_by(name):
    """The names that deploy/ has other tools ask by need no configuration."""
    text = "".join(path.read_text() for path in (DEPLOY / name).iterdir())
    hosts = set(re.findall(r"https?://([a-z.]*shadowmon[a-z.]*:9180)/", text))
    hosts |= set(re.findall(r"cluster_names: \[(\w+)\]", text))

    assert hosts
    assert all(is_known(host, ()) for host in hosts)
