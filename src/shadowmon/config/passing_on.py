"""
What the proxy cannot do, for it passes a user's path and body on as they came.

A shadow call is changed for its model (a path before its own, another `model` in the body), and a
user's request is not. So a model that only understands changed requests can be compared, and must
not be given users: they would be answered 404, or by another model of the same server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from shadowmon.config.addresses import Port, SocketPath, parse_server
from shadowmon.config.keys import written
from shadowmon.config.settings import Settings
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint


def passing_on(settings: Settings) -> Iterator[Complaint]:
    """Complain of models that users' requests, as they come, would not reach."""
    for name, trial in settings.trials.items():
        route = settings.routes.get(trial.route)
        if trial.actuator_type != "proxy" or route is None or route.baseline == trial.optimized:
            continue
        shared = _servers(settings, route.baseline) & _servers(settings, trial.optimized)
        if shared:
            yield _one_server_for_both(name, route.baseline, trial.optimized, shared)
        else:
            yield from _changed_requests(settings, name, route.baseline, trial.optimized)
    if settings.proxy.default_model is not None:
        yield from _default_model(settings, settings.proxy.default_model)


def _one_server_for_both(
    trial: str, baseline: str, optimized: str, shared: set[Port | SocketPath]
) -> Complaint:
    """The proxy steers by server: users "on the optimized model" would get the baseline's."""
    return Complaint(
        key=written(("trials", trial, "actuator")),
        problem=f"proxy cannot move traffic from {plain(baseline)} to {plain(optimized)}: both "
        f"are at {' and '.join(sorted(map(str, shared)))}, and it changes neither path nor body",
        hint="give each model a server of its own, or set actuator: dry_run",
    )


def _changed_requests(
    settings: Settings, trial: str, baseline: str, optimized: str
) -> Iterator[Complaint]:
    ours, theirs = (settings.models.get(name) for name in (baseline, optimized))
    if ours is None or theirs is None:
        return  # complained of elsewhere
    otherwise = f"set {written(('trials', trial, 'actuator'))}: dry_run"
    if theirs.rewrite.model is not None and theirs.rewrite.model != ours.rewrite.model:
        yield Complaint(
            key=written(("models", optimized, "rewrite", "model")),
            problem="is for shadow calls alone: the proxy passes the body on as it came, so users "
            f"of trial {plain(trial)} would ask {plain(optimized)} for a model of another name "
            "(404)",
            hint="let its server answer to the name that users send (vLLM: --served-model-name) "
            f"and take this away, or {otherwise}",
        )
    if (path := _path(theirs.url)) != _path(ours.url):
        yield Complaint(
            key=written(("models", optimized, "url")),
            problem=f"has the path {plain(path) or '/'}, and {plain(baseline)} has another: only "
            f"shadow calls get it, so users of trial {plain(trial)} would miss it (404)",
            hint=f"serve both models under the paths that users ask for, or {otherwise}",
        )


def _default_model(settings: Settings, name: str) -> Iterator[Complaint]:
    on_trial = [trial for trial, each in settings.trials.items() if each.optimized == name]
    if on_trial:
        yield Complaint(
            key="proxy.default_model",
            problem=f"{plain(name)} is on trial ({plain(on_trial[0])}): what no route matches "
            "would be served by it, all of it and unwatched",
            hint="name the model that served it before, or leave it out",
        )
    model = settings.models.get(name)
    is_called = name in {route.baseline for route in settings.routes.values()} or on_trial
    if model is not None and model.rewrite.model is not None and not is_called:
        yield Complaint(
            key=written(("models", name, "rewrite", "model")),
            problem="has no meaning: it is for shadow calls, and this model is "
            "proxy.default_model alone, which gets users' requests as they came",
            hint="take it away, and let its server answer to the name that users send",
        )


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:  # complained of elsewhere
        return ""


def _servers(settings: Settings, name: str) -> set[Port | SocketPath]:
    model = settings.models.get(name)
    found = set()
    for url in (model.url, *model.addresses) if model else ():
        with suppress(ValueError):  # complained of elsewhere
            found.add(parse_server(url))
    return found
