"""`host:port` as people write it, read into what a socket wants."""

from __future__ import annotations

import ipaddress
import re


_BRACKETED = re.compile(r"\[(?P<host>[0-9A-Fa-f:.]+)\]:(?P<port>[0-9]{1,5})")
_PLAIN = re.compile(r"(?P<host>[A-Za-z0-9._-]*):(?P<port>[0-9]{1,5})")

PORT_MAX = 65_535


def parse_address(text: str) -> tuple[str, int]:
    """
    Read a listening address.

    Args:
        text: `127.0.0.1:9180`, `localhost:9180`, `[::1]:9180` (RFC 3986, section 3.2.2: an IPv6
            address stands in brackets), or `:9180` for every address of the machine.

    Returns:
        Host (without brackets, empty for every address) and port; port 0 is any free one.

    Raises:
        ValueError: If it is none of these: what was found, what is allowed.

    """
    found = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if found is None:
        msg = f'"{text}" is not an address (write host:port, such as 127.0.0.1:9180 or [::1]:9180)'
        raise ValueError(msg)
    host, port = found["host"], int(found["port"])
    if text.startswith("[") and _ip(host) is None:
        msg = f'"{host}" is not an IPv6 address (write [::1]:9180)'
        raise ValueError(msg)
    if port > PORT_MAX:
        msg = f"port {port} is too large (ports go up to {PORT_MAX})"
        raise ValueError(msg)
    return host, port


def is_loopback(host: str) -> bool:
    """Can `host` be reached from this machine only? A name other than localhost counts as no."""
    if host == "localhost":
        return True
    address = _ip(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address is not None and address.is_loopback


def is_every_address(host: str) -> bool:
    """Does listening on `host` listen on every address of the machine?"""
    address = _ip(host)
    return host == "" or (address is not None and address.is_unspecified)


def is_address(host: str) -> bool:
    """Is it an IP address, and no name?"""
    return _ip(host) is not None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
