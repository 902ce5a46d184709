"""
What one data-plane worker is told by the daemon: limits, routes, models, trials.

A worker does not read the configuration; its parent writes a plan, as JSON, and the worker reads
it once at its start. So a worker need not import what configuration needs, and a reload is a new
worker on the same listening socket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from shadowmon.errors import Complaint, ConfigError


if TYPE_CHECKING:  # pydantic is far too heavy for a worker
    from shadowmon.proxy.settings import PinSettings, ProxySettings, ProxyTlsSettings


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers of `ProxySettings` that a worker keeps to, by the same names."""

    connections_max: int
    head_max_bytes: int
    head_timeout_seconds: float
    idle_timeout_seconds: float
    connect_timeout_seconds: float
    first_byte_timeout_seconds: float
    stream_idle_timeout_seconds: float
    upstream_idle_seconds: float
    retry_max_bytes: int
    retry_total_max_bytes: int
    retry_stale: bool
    rest_after_failures: int
    rest_seconds: float
    rest_max_seconds: float
    tee_body_max_bytes: int
    tee_total_max_bytes: int


class PlannedAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one server of a model is: a port, or a Unix socket."""

    host: str = ""
    port: int = 0
    path: str | None = None
    """Of a Unix socket; then there is no host and no port."""
    tls: bool = False

    @property
    def text(self) -> str:
        """What a log calls it."""
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class PlannedModelTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `mirror.settings.ModelTlsSettings`."""

    ca: str | None = None
    server_name: str | None = None
    certificate: str | None = None
    key: str | None = None


SYSTEMS_TLS = PlannedModelTls()
"""The system's authorities, the address's own host, no certificate of ours."""


class PlannedModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one model is."""

    name: str
    addresses: tuple[PlannedAddress, ...]
    """At least one."""
    tls: PlannedModelTls = SYSTEMS_TLS


class PlannedTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `ProxyTlsSettings`."""

    certificate: str
    key: str
    client_ca: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """All files that it is read from."""
        return tuple(filter(None, (self.certificate, self.key, self.client_ca)))


class PlannedPins(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `PinSettings`."""

    baseline: tuple[str, ...] = ()
    optimized: tuple[str, ...] = ()
    header_token: str | None = None


class PlannedLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `AccessLogSettings`."""

    path: str
    waiting_max: int
    patterns: tuple[str, ...] = ()
    """Regular expressions; what they match in a path or an id is not written."""


class PlannedRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Traffic that one baseline model serves now; see `traffic.settings.RouteSettings`."""

    name: str
    path_prefix: str
    baseline: str
    """Name of a model."""
    sticky_header: str | None = None
    sticky_cookie: str | None = None
    request_id_header: str = "x-request-id"
    sample_rate: float = 1.0
    pins: PlannedPins | None = None


class PlannedTrial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An optimized model that may get a share of a route."""

    number: int
    """Its place on the board."""
    route: str
    optimized: str
    """Name of a model."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a worker knows."""

    worker: int
    """Its slot on the board."""
    parent_pid: int
    """The worker ends when this process does; 0: it does not look."""
    drain_seconds: float
    rollout_salt: str
    sampling_salt: str
    default_model: str | None
    limits: Limits
    add_request_id: bool
    add_trace_context: bool
    tls: PlannedTls | None
    log: PlannedLog | None
    models: tuple[PlannedModel, ...]
    routes: tuple[PlannedRoute, ...]
    trials: tuple[PlannedTrial, ...]


def planned_model(name: str, *urls: str, tls: PlannedModelTls = SYSTEMS_TLS) -> PlannedModel:
    """
    Read a model's addresses; a path in one is for shadow calls only and is left out here.

    Raises:
        ConfigError: If one has no host, or a port that is none.

    """
    return PlannedModel(
        name=name, addresses=tuple(_planned_address(name, url) for url in urls), tls=tls
    )


def _planned_address(name: str, url: str) -> PlannedAddress:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https", "http+unix"):
        raise ConfigError(
            Complaint(
                key=f"models.{name}.url",
                problem=f"{url!r} names no host that the proxy could connect to",
                hint="give http://host:port, https://host:port or http+unix://%2Fpath",
            )
        )
    if parts.scheme == "http+unix":
        return PlannedAddress(path=unquote(parts.netloc))
    tls = parts.scheme == "https"
    return PlannedAddress(host=host, port=port or (443 if tls else 80), tls=tls)


def planned_tls(settings: ProxyTlsSettings | None) -> PlannedTls | None:
    """Return where users' TLS is read from, if they are to use it."""
    if settings is None:
        return None
    return PlannedTls(
        certificate=str(settings.certificate),
        key=str(settings.key),
        client_ca=None if settings.client_ca is None else str(settings.client_ca),
    )


def planned_pins(settings: PinSettings | None) -> PlannedPins | None:
    """Return who is pinned on a route, if anyone is."""
    if settings is None:
        return None
    token = settings.header_token
    return PlannedPins(
        baseline=settings.baseline,
        optimized=settings.optimized,
        header_token=None if token is None else token.get_secret_value(),
    )


def make_plan(
    *,
    proxy: ProxySettings,
    sampling_salt: str,
    models: Sequence[PlannedModel],
    routes: Sequence[PlannedRoute],
    trials: Sequence[PlannedTrial],
    worker: int,
    drain_seconds: float,
    parent_pid: int = 0,
    redacted: Sequence[str] = (),
) -> Plan:
    """
    Compose one worker's plan; `redacted` are patterns of what no log may hold.

    Raises:
        ConfigError: If a route, a trial or the default names a model or a route that there is not.

    """
    plan = Plan(
        worker=worker,
        parent_pid=parent_pid,
        drain_seconds=drain_seconds,
        rollout_salt=proxy.rollout_salt,
        sampling_salt=sampling_salt,
        default_model=proxy.default_model,
        limits=Limits(**{name: getattr(proxy, name) for name in Limits.__struct_fields__}),
        add_request_id=proxy.add_request_id,
        add_trace_context=proxy.add_trace_context,
        tls=planned_tls(proxy.tls),
        log=_planned_log(proxy, redacted),
        models=tuple(models),
        routes=tuple(routes),
        trials=tuple(trials),
    )
    if complaints := _complaints(plan):
        raise ConfigError(*complaints)
    return plan


def _planned_log(proxy: ProxySettings, redacted: Sequence[str]) -> PlannedLog | None:
    log = proxy.access_log
    if log.path is None:
        return None
    return PlannedLog(path=str(log.path), waiting_max=log.waiting_max, patterns=tuple(redacted))


def _complaints(plan: Plan) -> list[Complaint]:
    models = {model.name for model in plan.models}
    routes = {route.name for route in plan.routes}
    asked = [
        *((f"routes.{route.name}.baseline", route.baseline, models) for route in plan.routes),
        *((f"trials[{trial.number}].optimized", trial.optimized, models) for trial in plan.trials),
        *((f"trials[{trial.number}].route", trial.route, routes) for trial in plan.trials),
    ]
    if plan.default_model is not None:
        asked.append(("proxy.default_model", plan.default_model, models))
    return [
        Complaint(
            key=key,
            problem=f"there is no {name!r}",
            hint=f"there are: {', '.join(sorted(known)) or 'none'}",
        )
        for key, name, known in asked
        if name not in known
    ]


def encode(plan: Plan) -> bytes:
    """Write a plan for `decode`."""
    return msgspec.json.encode(plan)


def decode(data: bytes) -> Plan:
    """
    Read what `encode` wrote.

    Raises:
        msgspec.ValidationError: If it is not a plan: parent and worker are of different versions.

    """
    return msgspec.json.decode(data, type=Plan)
