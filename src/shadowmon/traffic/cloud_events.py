"""
CloudEvents over HTTP, read into attributes and data. Pure.

The three content modes of the HTTP protocol binding 1.0.2: binary (attributes are `ce-` headers,
the body is the data), structured (`application/cloudevents+json`) and batched
(`application/cloudevents-batch+json`); data in JSON as `data`, or as `data_base64` (JSON event
format 1.0.2, section 3.1). Older loggers say specversion 0.2 or 0.3 (`contenttype`,
`datacontentencoding`), which differ in nothing else that is read here.

Rule 1: names of attributes are in lower case.
Rule 2: an event that cannot be read costs itself only, never the rest of its batch.
"""

from __future__ import annotations

import base64
import binascii
import json

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.sighting import SightingError


_STRUCTURED = "application/cloudevents"
_BATCH = "application/cloudevents-batch"
_JSON = "+json"
_PREFIX = "ce-"
_VERSION = "specversion"
_VERSIONS = frozenset({"0.1", "0.2", "0.3", "1.0"})
_TYPE, _SOURCE_ID = "type", "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """One event."""

    attributes: Mapping[str, str]
    content_type: str = ""
    """Of the data; what the sender claims."""
    data: bytes = b""


def read_events(
    headers: Iterable[tuple[str, str]], body: bytes
) -> list[CloudEvent | SightingError]:
    """
    Read a request's event, or events; one that is none is the reason why.

    Args:
        headers: Names in lower case.
        body: Without framing and content coding.

    Raises:
        SightingError: If there is nothing in it that could be an event.

    """
    fields = dict(headers)
    content_type = fields.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(_BATCH):
        found = _json(kind, body)
        if not isinstance(found, list):
            msg = "a batch must be a JSON array of events"
            raise SightingError(msg)
        return [_safely(one) for one in found]
    if kind.startswith(_STRUCTURED):
        return [_safely(_json(kind, body))]
    attributes = {
        name.removeprefix(_PREFIX): _decoded(value)
        for name, value in fields.items()
        if name.startswith(_PREFIX)
    }
    return [CloudEvent(attributes=_checked(attributes), content_type=content_type, data=body)]


def _decoded(value: str) -> str:
    """Take off percent encoding (HTTP protocol binding, section 3.1.3.2)."""
    return unquote(value.strip().strip('"') if value.startswith('"') else value)


def _json(kind: str, body: bytes) -> Any:  # noqa: ANN401 - JSON is any of six types
    if not kind.endswith(_JSON):
        msg = f"events must be {_STRUCTURED}+json or {_BATCH}+json, not another format of them"
        raise SightingError(msg)
    try:
        return strict_json.loads(body)
    except CodecError as error:
        raise SightingError(str(error)) from None


def _safely(found: object) -> CloudEvent | SightingError:
    try:
        return _structured(found)
    except SightingError as error:
        return error


def _structured(found: object) -> CloudEvent:
    if not isinstance(found, dict):
        msg = "an event must be a JSON object"
        raise SightingError(msg)
    attributes = {
        key.lower(): value if isinstance(value, str) else json.dumps(value)
        for key, value in found.items()
        if key not in {"data", "data_base64"}
    }
    return CloudEvent(
        attributes=_checked(attributes),
        content_type=attributes.get("datacontenttype") or attributes.get("contenttype", ""),
        data=_data(found, attributes),
    )


def _data(found: Mapping[str, Any], attributes: Mapping[str, str]) -> bytes:
    encoded = found.get("data_base64")
    data = found.get("data")
    if encoded is None and attributes.get("datacontentencoding", "").lower() == "base64":
        encoded = data
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError):
            msg = "the data is not base64"
            raise SightingError(msg) from None
    if data is None:
        return b""
    # Text under a JSON content type may be a JSON string, or (and loggers do so) the JSON as text.
    return data.encode("utf-8", "replace") if isinstance(data, str) else strict_json.dumps(data)


def _checked(attributes: Mapping[str, str]) -> Mapping[str, str]:
    for name in (_TYPE, _SOURCE_ID):
        if not attributes.get(name):
            msg = f"an event must have the attribute {name} (as the header ce-{name}, or in JSON)"
            raise SightingError(msg)
    if attributes.get(_VERSION, "1.0") not in _VERSIONS:
        msg = f"specversion must be one of {', '.join(sorted(_VERSIONS))}"
        raise SightingError(msg)
    return attributes
