"""Who listens where, who may be reached there, and whether any traffic would come at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shadowmon.config.addresses import (
    Listening,
    Port,
    SocketPath,
    parse_listening,
    parse_server,
)
from shadowmon.config.keys import written
from shadowmon.config.settings import Settings
from shadowmon.console.address import is_every_address, is_loopback, parse_address
from shadowmon.console.auth import is_token
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint
from shadowmon.traffic.ext_proc_server import KEY as EXT_PROC
from shadowmon.traffic.ext_proc_server import missing_extra
from shadowmon.traffic.settings import EventsSettings, ExtProcSettings


_PORTS_ONLY = frozenset({"console.listen", EXT_PROC})
"""No Unix socket, nor one that systemd opened."""


def listeners(settings: Settings) -> Iterator[Complaint]:
    """Complain of addresses that are none, or clash, or are open to more than they should be."""
    given = {
        "console.listen": settings.console.listen,
        "proxy.listen": settings.proxy.listen,
        "traffic.tap.listen": settings.traffic.tap.listen,
        "traffic.events.listen": settings.traffic.events.listen,
        EXT_PROC: settings.traffic.ext_proc.listen,
    }
    places: dict[str, Listening] = {}
    for key, text in given.items():
        if text is None:
            continue
        try:
            places[key] = _port(text) if key in _PORTS_ONLY else parse_listening(text)
        except ValueError as error:
            # Whoever writes a name and a password into an address means them to be secret.
            problem = "is no place to listen on" if "@" in text else plain(str(error))
            yield Complaint(key=key, problem=problem)
    addresses = {
        key: (place.host, place.port) for key, place in places.items() if isinstance(place, Port)
    }
    yield from _collisions(addresses)
    yield from _same_sockets(places)
    yield from _circles(settings, addresses, places)
    yield from _console(settings, addresses)
    yield from _events(settings, addresses)
    yield from _ext_proc(settings, addresses)
    yield from _sources(settings)


def _port(text: str) -> Port:
    host, port = parse_address(text)
    return Port(host=host, port=port)


def _same_sockets(places: Mapping[str, Listening]) -> Iterator[Complaint]:
    """Two listeners on one path, or on one socket of systemd's."""
    seen: dict[Listening, str] = {}
    for key, place in places.items():
        other = None if isinstance(place, Port) else seen.setdefault(place, key)
        if other not in (None, key):
            yield Complaint(key=key, problem=f"is {other}'s already", hint="choose another one")


def _collisions(addresses: Mapping[str, tuple[str, int]]) -> Iterator[Complaint]:
    keys = list(addresses)
    for at, key in enumerate(keys):
        for other in keys[:at]:
            if _same_place(addresses[key], addresses[other]):
                problem = f"port {addresses[key][1]} is {other}'s already"
                yield Complaint(key=key, problem=problem, hint="choose another port")


def _same_place(one: tuple[str, int], other: tuple[str, int]) -> bool:
    if one[1] != other[1] or one[1] == 0:
        return False
    hosts = (one[0], other[0])
    return any(map(is_every_address, hosts)) or _folded(hosts[0]) == _folded(hosts[1])


def _folded(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host.lower()


def _circles(
    settings: Settings,
    addresses: Mapping[str, tuple[str, int]],
    places: Mapping[str, Listening],
) -> Iterator[Complaint]:
    """A model whose address is shadowmon's own would be asked by shadowmon for ever."""
    for key, url in _urls(settings):
        try:
            server = parse_server(url)
        except ValueError as error:
            yield Complaint(key=key, problem=str(error))
            continue
        for own in _own(server, addresses, places):
            problem = f"is shadowmon's own {own}: it would call itself for ever"
            yield Complaint(key=key, problem=problem, hint="give the model server's address")


def _urls(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, model in settings.models.items():
        yield written(("models", name, "url")), model.url
        for at, url in enumerate(model.addresses):
            yield written(("models", name, "addresses", at)), url


def _own(
    server: Port | SocketPath,
    addresses: Mapping[str, tuple[str, int]],
    places: Mapping[str, Listening],
) -> Iterator[str]:
    """Name those of our own listeners that a server's address leads to."""
    if isinstance(server, SocketPath):
        yield from (key for key, place in places.items() if place == server)
        return
    for own, (listens, at) in addresses.items():
        near = is_loopback(server.host) and (is_loopback(listens) or is_every_address(listens))
        if at == server.port and (near or server.host == listens):
            yield own


def _console(settings: Settings, addresses: Mapping[str, tuple[str, int]]) -> Iterator[Complaint]:
    console = settings.console
    for name in ("operator_token", "reviewer_token"):
        token = getattr(console, name)
        if token is not None and not is_token(token.get_secret_value()):
            problem = "must be one or more letters, digits or -._~+/ and may end in ="
            yield Complaint(key=f"console.{name}", problem=problem, hint="RFC 6750, section 2.1")
    address = addresses.get("console.listen")
    if address and console.operator_token is None and not is_loopback(address[0]):
        yield Complaint(
            key="console.listen",
            problem=f"{plain(settings.console.listen)} can be reached from other machines, and "
            "there is no console.operator_token",
            hint="set console.operator_token, or listen on 127.0.0.1",
        )


def _events(settings: Settings, addresses: Mapping[str, tuple[str, int]]) -> Iterator[Complaint]:
    address = addresses.get("traffic.events.listen")
    yield from _witness("traffic.events", "sends events", settings.traffic.events, address)


def _ext_proc(settings: Settings, addresses: Mapping[str, tuple[str, int]]) -> Iterator[Complaint]:
    ext_proc = settings.traffic.ext_proc
    complaint = missing_extra() if ext_proc.listen is not None else None
    if complaint is not None:
        yield complaint
    address = addresses.get(EXT_PROC)
    yield from _witness("traffic.ext_proc", "tells of answers", ext_proc, address)


def _witness(
    key: str,
    does: str,
    given: EventsSettings | ExtProcSettings,
    address: tuple[str, int] | None,
) -> Iterator[Complaint]:
    """Whoever tells what production answered makes evidence: may just anybody?"""
    if given.token is not None and not is_token(given.token.get_secret_value()):
        problem = "must be one or more letters, digits or -._~+/ and may end in ="
        yield Complaint(key=f"{key}.token", problem=problem, hint="RFC 6750, section 2.1")
    is_open = address is not None and not is_loopback(address[0])
    if is_open and given.token is None and not given.trust_network:
        yield Complaint(
            key=f"{key}.listen",
            problem=f"{plain(given.listen or '')} can be reached from other machines, and who "
            f"{does} makes evidence: there is no {key}.token",
            hint=f"set {key}.token, or {key}.trust_network: true",
        )


def _sources(settings: Settings) -> Iterator[Complaint]:
    proxy, listening = settings.proxy, settings.traffic
    if proxy.listen is not None and not settings.routes and proxy.default_model is None:
        problem = "has nothing to send requests to: there are no routes and no proxy.default_model"
        yield Complaint(key="proxy.listen", problem=problem, hint="add a route")
    sources = (
        proxy.listen,
        listening.tap.listen,
        listening.events.listen,
        listening.ext_proc.listen,
    )
    if settings.trials and not any(sources):
        problem = (
            "would see no traffic: none of proxy.listen, traffic.tap.listen, "
            "traffic.events.listen and traffic.ext_proc.listen is set"
        )
        yield Complaint(key="trials", problem=problem, hint="set one of them")
    for name, trial in settings.trials.items():
        if trial.actuator_type == "proxy" and proxy.listen is None:
            yield Complaint(
                key=written(("trials", name, "actuator")),
                problem="proxy moves traffic of the inline proxy, and proxy.listen is not set",
                hint="set proxy.listen, or actuator: dry_run",
            )
