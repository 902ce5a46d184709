"""Who listens where, who may be reached there, and whether any traffic would come at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from shadowmon.config.keys import written
from shadowmon.config.settings import Settings
from shadowmon.console.address import PORT_MAX, is_every_address, is_loopback, parse_address
from shadowmon.console.auth import is_token
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint


_PORTS = {"http": 80, "https": 443}


def listeners(settings: Settings) -> Iterator[Complaint]:
    """Complain of addresses that are none, or clash, or are open to more than they should be."""
    given = {
        "console.listen": settings.console.listen,
        "proxy.listen": settings.proxy.listen,
        "traffic.tap.listen": settings.traffic.tap.listen,
    }
    addresses: dict[str, tuple[str, int]] = {}
    for key, text in given.items():
        if text is None:
            continue
        try:
            addresses[key] = parse_address(text)
        except ValueError as error:
            yield Complaint(key=key, problem=plain(str(error)))
    yield from _collisions(addresses)
    yield from _circles(settings, addresses)
    yield from _console(settings, addresses)
    yield from _sources(settings)


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


def _circles(settings: Settings, addresses: Mapping[str, tuple[str, int]]) -> Iterator[Complaint]:
    """A model whose address is shadowmon's own would be asked by shadowmon for ever."""
    for name, model in settings.models.items():
        key = written(("models", name, "url"))
        try:
            host, port = _server(model.url)
        except ValueError as error:
            yield Complaint(key=key, problem=str(error))
            continue
        for own, (listens, at) in addresses.items():
            near = is_loopback(host) and (is_loopback(listens) or is_every_address(listens))
            if at == port and (near or host == listens):
                problem = f"is shadowmon's own {own}: it would call itself for ever"
                yield Complaint(key=key, problem=problem, hint="give the model server's address")


def _server(address: str) -> tuple[str, int]:
    """
    Return a model server's host and port.

    Raises:
        ValueError: If there is no host or no port in it; the message shows nothing of it.

    """
    if not (address.isascii() and address.isprintable()) or " " in address:
        msg = "holds a character that no address has"
        raise ValueError(msg)
    url = urlsplit(address)
    if url.username is not None or url.password is not None:
        msg = "must not hold a name or a password (set bearer_token, or headers)"
        raise ValueError(msg)
    if not url.hostname:
        msg = "names no host"
        raise ValueError(msg)
    try:
        return url.hostname, url.port or _PORTS[url.scheme]
    except ValueError:
        msg = f"has a port that is no number up to {PORT_MAX}"
        raise ValueError(msg) from None


def _console(settings: Settings, addresses: Mapping[str, tuple[str, int]]) -> Iterator[Complaint]:
    token = settings.console.operator_token
    if token is not None and not is_token(token.get_secret_value()):
        problem = "must be one or more letters, digits or -._~+/ and may end in ="
        yield Complaint(key="console.operator_token", problem=problem, hint="RFC 6750, section 2.1")
    address = addresses.get("console.listen")
    if address and token is None and not is_loopback(address[0]):
        yield Complaint(
            key="console.listen",
            problem=f"{plain(settings.console.listen)} can be reached from other machines, and "
            "there is no console.operator_token",
            hint="set console.operator_token, or listen on 127.0.0.1",
        )


def _sources(settings: Settings) -> Iterator[Complaint]:
    proxy, tap = settings.proxy, settings.traffic.tap
    if proxy.listen is not None and not settings.routes and proxy.default_model is None:
        problem = "has nothing to send requests to: there are no routes and no proxy.default_model"
        yield Complaint(key="proxy.listen", problem=problem, hint="add a route")
    if settings.trials and proxy.listen is None and tap.listen is None:
        problem = "would see no traffic: neither proxy.listen nor traffic.tap.listen is set"
        yield Complaint(key="trials", problem=problem, hint="set one of them")
    for name, trial in settings.trials.items():
        if trial.actuator == "proxy" and proxy.listen is None:
            yield Complaint(
                key=written(("trials", name, "actuator")),
                problem="proxy moves traffic of the inline proxy, and proxy.listen is not set",
                hint="set proxy.listen, or actuator: dry_run",
            )
