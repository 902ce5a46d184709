"""Which slices is this exchange in? Pure; compiled once."""

from __future__ import annotations

import json
import re

from collections.abc import Mapping
from typing import Any

import jmespath

from jmespath.exceptions import JMESPathError

from shadowmon.errors import CodecError
from shadowmon.records import EVERYTHING, Exchange, SliceName
from shadowmon.traffic.codecs import content_coding, strict_json
from shadowmon.traffic.settings import SliceSettings


class Slicing:
    """
    The configured slices.

    A body that is not JSON, or that an expression does not fit, is in no slice of its fields: it
    is still in all the others, and in `all`.

    Raises:
        ValueError: On construction, for a bad expression or name; the message names the key.

    """

    def __init__(self, slices: Mapping[str, SliceSettings], *, slices_max: int = 100) -> None:
        if len(slices) > slices_max:
            msg = f"slices: there are {len(slices)}, and slices_max is {slices_max}"
            raise ValueError(msg)
        if EVERYTHING in slices:
            msg = f"slices.{EVERYTHING}: every exchange is in this one already; choose another name"
            raise ValueError(msg)
        self._slices = [_Slice(SliceName(name), settings) for name, settings in slices.items()]
        self._reads_body = any(one.path is not None for one in self._slices)

    def slices_of(self, exchange: Exchange) -> frozenset[SliceName]:
        """Return the names of all slices that the exchange is in; `all` is always among them."""
        body = _json(exchange) if self._reads_body else None
        found = (one.name for one in self._slices if one.has(exchange, body))
        return frozenset((EVERYTHING, *found))


class _Slice:
    """One slice: where its value is, and what the value must be."""

    def __init__(self, name: SliceName, settings: SliceSettings) -> None:
        self.name = name
        self._header = settings.header.lower() if settings.header is not None else None
        self._equals = settings.equals
        self.path: Any = None
        self._pattern: re.Pattern[str] | None = None
        if settings.field is not None:
            try:
                self.path = jmespath.compile(settings.field)
            except JMESPathError as error:
                msg = f'slices.{name}.field: "{settings.field}" is not a JMESPath'
                raise ValueError(msg) from error
        if settings.matches is not None:
            try:
                self._pattern = re.compile(settings.matches)
            except re.error as error:
                msg = f"slices.{name}.matches: not a regular expression: {error}"
                raise ValueError(msg) from error

    def has(self, exchange: Exchange, body: object) -> bool:
        """Say whether the exchange is in this slice."""
        if self._header is not None:
            values = [value for header, value in exchange.headers if header == self._header]
        else:
            values = self._field(body)
        return any(self._fits(value) for value in values)

    def _field(self, body: object) -> list[str]:
        try:
            value = self.path.search(body)
        except JMESPathError:
            return []
        if value is None:
            return []
        return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]

    def _fits(self, value: str) -> bool:
        if self._equals is not None:
            return value == self._equals
        return self._pattern is None or self._pattern.search(value) is not None


def _json(exchange: Exchange) -> Any:  # noqa: ANN401 - JSON is any of six types
    try:
        return strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
    except CodecError:
        return None
