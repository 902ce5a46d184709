"""Small languages inside of values: regular expressions, JMESPath, names of headers."""

from __future__ import annotations

import re
import warnings

from collections.abc import Iterable, Iterator

import jmespath

from jmespath.exceptions import JMESPathError

from shadowmon.config.keys import KeyPath, written
from shadowmon.config.settings import Settings
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint


_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def patterns(settings: Settings) -> Iterator[Complaint]:
    """Complain of everything that does not compile, and of headers that no wire could carry."""
    yield from _expressions(_regular_expressions(settings))
    for name, part in settings.traffic.slices.items():
        if part.field is not None:
            yield from _jmespath(("traffic", "slices", name, "field"), part.field)
    yield from _names(_header_names(settings))
    for name, model in settings.models.items():
        for header, value in model.headers.items():
            if not _FIELD_VALUE.fullmatch(value):
                key = written(("models", name, "headers", header))
                yield Complaint(key=key, problem="holds a character that no header may carry")


def _regular_expressions(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for name, part in settings.traffic.slices.items():
        if part.matches is not None:
            yield ("traffic", "slices", name, "matches"), part.matches
    for at, pattern in enumerate(settings.traffic.redaction.patterns):
        yield ("traffic", "redaction", "patterns", at), pattern
    for at, pattern in enumerate(settings.scoring.unsafe_patterns):
        yield ("scoring", "unsafe_patterns", at), pattern


def _expressions(found: Iterable[tuple[KeyPath, str]]) -> Iterator[Complaint]:
    for path, pattern in found:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a set that may mean another in a later Python
                re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            problem = f"is no regular expression: {plain(str(error))}"
            yield Complaint(key=written(path), problem=problem)


def _jmespath(path: KeyPath, expression: str) -> Iterator[Complaint]:
    try:
        jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        # Its first line alone: the rest draws the expression again, with an arrow below.
        why = str(error).partition("\n")[0].removeprefix("Invalid jmespath expression: ")
        yield Complaint(key=written(path), problem=f"is no JMESPath: {plain(why).rstrip(':')}")


def _header_names(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for name, route in settings.routes.items():
        yield ("routes", name, "request_id_header"), route.request_id_header
        if route.sticky.header is not None:
            yield ("routes", name, "sticky", "header"), route.sticky.header
        if route.sticky.cookie is not None:
            yield ("routes", name, "sticky", "cookie"), route.sticky.cookie
    for name, part in settings.traffic.slices.items():
        if part.header is not None:
            yield ("traffic", "slices", name, "header"), part.header
    for at, header in enumerate(settings.traffic.redaction.headers):
        yield ("traffic", "redaction", "headers", at), header
    for at, header in enumerate(settings.mirror.drop_headers):
        yield ("mirror", "drop_headers", at), header
    for name, model in settings.models.items():
        for header in model.headers:
            yield ("models", name, "headers", header), header


def _names(found: Iterable[tuple[KeyPath, str]]) -> Iterator[Complaint]:
    """RFC 9110, section 5.1: a field's name is a token; so is a cookie's (RFC 6265, 4.1.1)."""
    for path, name in found:
        if not _FIELD_NAME.fullmatch(name):
            problem = f'"{plain(name, limit=60)}" is no name that a header can have'
            yield Complaint(key=written(path), problem=problem)
