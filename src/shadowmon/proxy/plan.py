"""
What one data-plane worker is told by the daemon: limits, routes, models, trials.

A worker does not read the configuration; its parent writes a plan, as JSON, and the worker reads
it once at its start. So a worker need not import what configuration needs, and a reload is a new
worker on the same listening socket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from shadowmon.errors import Complaint, ConfigError


if TYPE_CHECKING:  # pydantic is far too heavy for a worker
    from shadowmon.proxy.settings import ProxySettings


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
    tee_body_max_bytes: int
    tee_total_max_bytes: int


class PlannedModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one model is."""

    name: str
    host: str
    port: int
    tls: bool = False


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
    models: tuple[PlannedModel, ...]
    routes: tuple[PlannedRoute, ...]
    trials: tuple[PlannedTrial, ...]


def planned_model(name: str, url: str) -> PlannedModel:
    """
    Read a model's address; a path in it is for shadow calls only and is left out here.

    Raises:
        ConfigError: If the address has no host, or a port that is none.

    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError(
            Complaint(
                key=f"models.{name}.url",
                problem=f"{url!r} names no host that the proxy could connect to",
                hint="give http://host:port or https://host:port",
            )
        )
    tls = parts.scheme == "https"
    return PlannedModel(name=name, host=host, port=port or (443 if tls else 80), tls=tls)


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
) -> Plan:
    """
    Compose one worker's plan.

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
        models=tuple(models),
        routes=tuple(routes),
        trials=tuple(trials),
    )
    if complaints := _complaints(plan):
        raise ConfigError(*complaints)
    return plan


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
