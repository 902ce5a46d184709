"""
Which names the console goes by. Pure.

A page of any site can have its own name point to this machine, and a browser then takes what the
console answers for the site's own (DNS rebinding). What the browser cannot hide is the name that it
asked for: it stands in the header Host (RFC 9110, section 7.2).

Rule 1: an address is nobody's name: whoever asks by address is asked nothing more.
Rule 2: a name is known if it is the console's own (`OWN`), the one it listens on, or configured.
"""

from __future__ import annotations

from collections.abc import Iterable

from shadowmon.console.address import is_address


OWN = ("localhost", "shadowmon", ".svc", ".cluster.local")
"""Names that no site can have, for no public domain ends so. Envoy's REST discovery asks by the
name of its cluster, which is `shadowmon` in deploy/envoy; Flagger and Argo ask by the name of a
Kubernetes service, such as `shadowmon.shadowmon.svc`."""
HOST = r"^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"
"""A name as it is configured; a dot before it stands for whatever lies below."""


def host_name(host: str) -> str:
    """Return the header Host without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def is_known(host: str, names: Iterable[str]) -> bool:
    """
    Is the console meant by this?

    Args:
        host: The header Host; empty where a request has none, which no browser sends.
        names: Configured ones: `shadowmon.example`, or `.example` for all that end so.

    """
    name = _folded(host_name(host))
    if not host or is_address(name):
        return True
    return any(_is_of(name, _folded(known)) for known in (*OWN, *names))


def _is_of(name: str, known: str) -> bool:
    return name.endswith(known) if known.startswith(".") else name == known


def _folded(name: str) -> str:
    """Without the dot of the root, and case makes no difference (RFC 4343)."""
    return name.lower().removesuffix(".")
