"""Which addresses are connected to."""

from __future__ import annotations

import ipaddress

import pytest

from shadowmon.outbound.reach import Reach


NEVER = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
    "192.0.0.192",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
]
PRIVATE = [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "10.1.2.3",
    "192.168.0.1",
    "fd12::1",
    "64:ff9b::a01:203",
]
PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", NEVER)
def test_never(address):
    """Where clouds hand out credentials, and where nobody is, nothing is told."""
    assert not Reach().permits(address)
    assert not Reach(public_only=True).permits(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address):
    """Private networks are connected to unless only public ones may be."""
    assert Reach().permits(address)
    assert not Reach(public_only=True).permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    """Public addresses are connected to in any case, however they are written."""
    assert Reach().permits(address)
    assert Reach(public_only=True).permits(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "169.254.169.254"])
def test_what_is_listed(address):
    """A network that is listed is connected to, whatever else is said of it."""
    allow = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("169.254.169.254/32"))

    assert Reach(public_only=True, allow=allow).permits(address)


def test_what_is_no_address():
    """A name is not judged here: what it resolves to is."""
    with pytest.raises(ValueError, match="localhost"):
        Reach().permits("localhost")
