"""What of the proxy's settings does not go together: pins, rests, what is kept, certificates."""

from __future__ import annotations

from collections.abc import Iterator

from shadowmon.config.complaints import close_to
from shadowmon.config.keys import written
from shadowmon.config.passing_on import passing_on
from shadowmon.config.settings import Settings
from shadowmon.console.auth import is_token
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint


def proxying(settings: Settings) -> Iterator[Complaint]:
    """Complain of figures and names that contradict one another."""
    proxy = settings.proxy
    if proxy.rest_seconds > proxy.rest_max_seconds:
        yield Complaint(
            key="proxy.rest_seconds",
            problem=f"{proxy.rest_seconds:g} is more than proxy.rest_max_seconds "
            f"({proxy.rest_max_seconds:g})",
            hint="the first rest is the shortest",
        )
    if proxy.retry_max_bytes > proxy.retry_total_max_bytes:
        yield Complaint(
            key="proxy.retry_max_bytes",
            problem=f"{proxy.retry_max_bytes:,} is more than proxy.retry_total_max_bytes "
            f"({proxy.retry_total_max_bytes:,})",
            hint="a request must fit into what all requests may take",
        )
    yield from _pins(settings)
    yield from _plain_models(settings)
    yield from passing_on(settings)


def _pins(settings: Settings) -> Iterator[Complaint]:
    for name, pins in settings.proxy.pins.items():
        path = ("proxy", "pins", name)
        route = settings.routes.get(name)
        if route is None:
            hint = close_to(name, settings.routes)
            yield Complaint(key=written(path), problem="is no route", hint=hint)
            continue
        sticky = route.sticky
        if (pins.baseline or pins.optimized) and not (sticky.header or sticky.cookie):
            yield Complaint(
                key=written(path),
                problem="names users, and its route has no key to know them by",
                hint=f"set {written(('routes', name, 'sticky', 'header'))}, or cookie",
            )
        for key in sorted(set(pins.baseline) & set(pins.optimized)):
            problem = f'"{plain(key)}" is in baseline too'
            yield Complaint(key=written((*path, "optimized")), problem=problem, hint="choose one")
        token = pins.header_token
        if token is not None and not is_token(token.get_secret_value()):
            problem = "must be one or more letters, digits or -._~+/ and may end in ="
            yield Complaint(key=written((*path, "header_token")), problem=problem)


def _plain_models(settings: Settings) -> Iterator[Complaint]:
    for name, model in settings.models.items():
        tls = model.tls.model_dump(exclude_none=True)
        if tls and not any(url.startswith("https:") for url in (model.url, *model.addresses)):
            yield Complaint(
                key=written(("models", name, "tls")),
                problem="has no meaning: none of the model's addresses is https",
                hint="write https, or take it away",
            )
