"""What a data-plane worker is told, out of the settings."""

from __future__ import annotations

from shadowmon.config.settings import Settings
from shadowmon.daemon.rates import first_rate
from shadowmon.mirror.settings import ModelSettings
from shadowmon.proxy.plan import (
    PlannedModel,
    PlannedModelTls,
    PlannedRoute,
    PlannedTrial,
    encode,
    make_plan,
    planned_model,
    planned_pins,
)
from shadowmon.traffic.settings import Privacy, RouteSettings


_EVERYTHING = r"(?s).+"


def proxy_plan(settings: Settings, *, worker: int, parent_pid: int) -> bytes:
    """Return what one data-plane worker must know, as its process reads it."""
    plan = make_plan(
        proxy=settings.proxy,
        sampling_salt=settings.traffic.sampling_salt,
        models=[_planned_model(name, model) for name, model in settings.models.items()],
        routes=[_planned_route(settings, name, route) for name, route in settings.routes.items()],
        trials=[
            PlannedTrial(number=number, route=trial.route, optimized=trial.optimized)
            for number, trial in enumerate(settings.trials.values())
        ],
        worker=worker,
        drain_seconds=settings.daemon.drain_seconds,
        parent_pid=parent_pid,
        redacted=_never_logged(settings),
    )
    return encode(plan)


def _never_logged(settings: Settings) -> tuple[str, ...]:
    """Return patterns of what no log may hold; users may have put anything into a path or an id."""
    if settings.traffic.privacy is Privacy.SCORES_ONLY:
        return (_EVERYTHING,)
    return settings.traffic.redaction.patterns


def _planned_model(name: str, model: ModelSettings) -> PlannedModel:
    return planned_model(name, model.url, *model.addresses, tls=tls_of(model))


def tls_of(model: ModelSettings) -> PlannedModelTls:
    """Return what TLS with a model server is made with."""
    files = {key: getattr(model.tls, key) for key in ("ca", "certificate", "key")}
    return PlannedModelTls(
        server_name=model.tls.server_name,
        **{key: None if path is None else str(path) for key, path in files.items()},
    )


def _planned_route(settings: Settings, name: str, route: RouteSettings) -> PlannedRoute:
    return PlannedRoute(
        name=name,
        path_prefix=route.path_prefix,
        baseline=route.baseline,
        sticky_header=route.sticky.header,
        sticky_cookie=route.sticky.cookie,
        request_id_header=route.request_id_header,
        sample_rate=first_rate(settings, name),
        pins=planned_pins(settings.proxy.pins.get(name)),
    )
