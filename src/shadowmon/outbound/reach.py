"""
Which addresses may be connected to. Pure.

Rule 1: what nobody means to tell anything is refused unless it is listed: link-local addresses
        (where clouds hand out credentials), multicast, unspecified, reserved.
Rule 2: an IPv4 address inside of an IPv6 one is judged as what it is: ::ffff:169.254.169.254 leads
        where 169.254.169.254 does.
"""

from __future__ import annotations

import ipaddress

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA: tuple[Network, ...] = tuple(
    map(
        ipaddress.ip_network,
        ("169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32"),
    )
)
"""Where clouds tell a machine about itself, its credentials included."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291, section 2.5.5.1
_LAST_32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one client may connect to."""

    public_only: bool = False
    """Refuse loopback and private networks too."""
    allow: tuple[Network, ...] = ()
    """Listed, whatever else is said of them."""

    def permits(self, text: str) -> bool:
        """
        Say whether an IP address may be connected to.

        Raises:
            ValueError: If it is none.

        """
        address = ipaddress.ip_address(text.partition("%")[0])
        if any(_is_in(each, self.allow) for each in (address, *_inside(address))):
            return True
        return not any(self._refuses(each) for each in (address, *_inside(address)))

    def _refuses(self, address: Address) -> bool:
        if address.is_loopback:  # ::1 is one of the reserved ones
            return self.public_only
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return True
        if address.is_reserved and address not in _NAT64 and not _maps(address):
            return True
        if _is_in(address, _METADATA):
            return True
        return self.public_only and not address.is_global and not _maps(address)


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == each.version and address in each for each in networks)


def _maps(address: Address) -> bool:
    """Is all that matters of it the address inside?"""
    return next(_inside(address), None) is not None


def _inside(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 one leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    for found in (address.ipv4_mapped, address.sixtofour):
        if found is not None:
            yield found
    if address.teredo is not None:
        yield address.teredo[1]
    embeds = address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)
    if embeds:
        yield ipaddress.IPv4Address(int(address) & _LAST_32)
