"""Names that must stand for something: models, routes, slices, codecs, actuators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from shadowmon import plugins
from shadowmon.config.complaints import close_to
from shadowmon.config.keys import KeyPath, written
from shadowmon.config.settings import Settings, TrialSettings
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint, ConfigError
from shadowmon.policy.settings import EDGE
from shadowmon.records import EVERYTHING


_PLAINLY = {"extra_forbidden": "no such key", "missing": "is missing"}
"""What pydantic says to programmers, for people."""


def references(settings: Settings) -> Iterator[Complaint]:
    """Complain of every name that stands for nothing, and of every two that stand for one thing."""
    yield from _models(settings)
    yield from _routes(settings)
    for name, trial in settings.trials.items():
        yield from _trial(settings, name, trial)
        yield from _slices(settings, name, trial)
    yield from _twins(settings)
    yield from _senders(settings)
    yield from _codecs(settings)


def _models(settings: Settings) -> Iterator[Complaint]:
    for name, route in settings.routes.items():
        yield from _known(("routes", name, "baseline"), "model", route.baseline, settings.models)
    if settings.proxy.default_model is not None:
        key = ("proxy", "default_model")
        yield from _known(key, "model", settings.proxy.default_model, settings.models)


def _routes(settings: Settings) -> Iterator[Complaint]:
    first: dict[str, str] = {}
    for name, route in settings.routes.items():
        other = first.setdefault(route.path_prefix, name)
        if other != name:
            yield Complaint(
                key=written(("routes", name, "path_prefix")),
                problem=f"{plain(route.path_prefix)} is {written(('routes', other))}'s already",
                hint="one prefix belongs to one route",
            )


def _trial(settings: Settings, name: str, trial: TrialSettings) -> Iterator[Complaint]:
    yield from _known(("trials", name, "route"), "route", trial.route, settings.routes)
    key = ("trials", name, "optimized")
    yield from _known(key, "model", trial.optimized, settings.models)
    on = trial.route
    route = settings.routes.get(on)
    if route and trial.optimized == route.baseline:
        yield Complaint(
            key=written(key),
            problem=f"{plain(trial.optimized)} is {written(('routes', on, 'baseline'))} too",
            hint="a trial needs two models",
        )
    yield from _actuator(trial, ("trials", name, "actuator"))


def _actuator(trial: TrialSettings, path: KeyPath) -> Iterator[Complaint]:
    word = trial.actuator_type
    complaints = list(_plugin("actuators", word, path))
    yield from complaints
    if complaints:
        return
    actuator = plugins.load("actuators", word, key=written(path))
    try:
        actuator.Settings.model_validate(trial.actuator_options)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False, include_context=False):
            problem = found["msg"].removeprefix("Value error, ")
            problem = _PLAINLY.get(found["type"], problem[:1].lower() + problem[1:])
            key = written((*path, *found["loc"]))
            yield Complaint(key=key, problem=plain(problem), hint=f"of actuator {word}")


def _twins(settings: Settings) -> Iterator[Complaint]:
    first: dict[tuple[str, str], str] = {}
    for name, trial in settings.trials.items():
        other = first.setdefault((trial.route, trial.optimized), name)
        if other != name:
            yield Complaint(
                key=written(("trials", name)),
                problem=f"tries {plain(trial.optimized)} on route {plain(trial.route)}, as "
                f"{written(('trials', other))} does",
                hint="one model has one trial on a route",
            )


def _senders(settings: Settings) -> Iterator[Complaint]:
    """Events name services and model groups; each must be a model of its route."""
    events = settings.traffic.events
    for at, service in enumerate(events.services):
        place = ("traffic", "events", "services", at)
        yield from _of_route(settings, place, ("model",), service.route, service.model)
    for at, group in enumerate(events.litellm):
        place = ("traffic", "events", "litellm", at)
        for name, model in group.models.items():
            yield from _of_route(settings, place, ("models", name), group.route, model)


def _of_route(
    settings: Settings,
    place: tuple[str | int, ...],
    key: tuple[str, ...],
    route: str,
    model: str,
) -> Iterator[Complaint]:
    unknown = [*_known((*place, "route"), "route", route, settings.routes)]
    yield from unknown
    if unknown:
        return
    on_trial = [trial.optimized for trial in settings.trials.values() if trial.route == route]
    models = (settings.routes[route].baseline, *on_trial)
    if model not in models:
        yield Complaint(
            key=written((*place, *key)),
            problem=f"{plain(model)} is neither the baseline nor on trial on route {plain(route)}",
            hint=f"name one of {', '.join(map(plain, models))}",
        )


def _slices(settings: Settings, name: str, trial: TrialSettings) -> Iterator[Complaint]:
    known = {EVERYTHING, *settings.traffic.slices}
    for at, line in enumerate(trial.policy.red_lines):
        key = ("trials", name, "policy", "red_lines", at, "slice")
        yield from _known(key, "slice", line.slice, {*known, EDGE})
    for at, required in enumerate(trial.policy.required):
        key = ("trials", name, "policy", "required", at, "slice")
        if required.slice == EDGE:
            problem = "cannot be edge: only a red line watches every edge-case slice"
            yield Complaint(key=written(key), problem=problem, hint="name each slice on its own")
        else:
            yield from _known(key, "slice", required.slice, known)


def _codecs(settings: Settings) -> Iterator[Complaint]:
    for name, route in settings.routes.items():
        key = ("routes", name, "codec")
        complaints = list(_plugin("codecs", route.codec, key))
        yield from complaints
        if complaints:
            continue
        codec = plugins.load("codecs", route.codec, key=written(key))
        try:
            codec(route.codec_settings)
        except ValueError as error:
            key = ("routes", name, "codec_settings")
            yield Complaint(key=written(key), problem=plain(str(error)))


def _plugin(kind: str, word: str, path: tuple[str | int, ...]) -> Iterator[Complaint]:
    try:
        plugins.load(kind, word, key=written(path))
    except ConfigError as error:
        yield from error.complaints


def _known(
    path: tuple[str | int, ...], what: str, word: str, choices: Iterable[str]
) -> Iterator[Complaint]:
    if word not in choices:
        yield Complaint(
            key=written(path),
            problem=f'no {what} is called "{plain(word)}"',
            hint=close_to(word, choices),
        )
