"""Shares that are handed out: to Envoys (xDS v3), and to applications (OpenFeature's OFREP)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.openapi.operations import (
    body_of,
    in_json,
    in_path,
    in_query,
    in_text,
    operation,
    refusals,
)
from shadowmon.console.openapi.vocabulary import Schema, ref, text
from shadowmon.gates import ofrep, xds


_DISCOVERY = {"node": {"id": "edge-1"}, "resource_names": ["shadowmon"], "version_info": ""}
_CONTEXT = {"context": {"targetingKey": "user-123"}}
_FLAG = {
    "key": "int8",
    "value": True,
    "variant": "optimized",
    "reason": "SPLIT",
    "metadata": {"percent": 10.0},
}
_NO_TIME = {
    "errorCode": "INVALID_CONTEXT",
    "errorDetails": "flagConfigLastModified is neither seconds since 1970 nor a time",
}
_ETAG: Schema = {"ETag": {"description": "of this very answer", "schema": text()}}
_SEEN: Schema = {
    "name": "If-None-Match",
    "in": "header",
    "description": "the tag of what was seen last",
    "schema": text(),
}
_MODIFIED: Schema = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "format": "date-time"}]
}


def _unreadable(schema: str, example: object) -> dict[str, Any]:
    told = {"anyOf": [ref(schema), ref("Error")]}
    return {"400": in_json("it cannot be evaluated", told, example), **refusals((408, 413))}


PATHS: Mapping[str, Mapping[str, Any]] = {
    xds.PATH: {
        "post": operation(
            "discover",
            "Envoy's REST discovery: held until there is news",
            {
                "200": in_json("what is new", ref("DiscoveryResponse")),
                "304": {"description": "there is no news, or nothing is handed out yet"},
                "400": in_text(
                    "it is no DiscoveryRequest",
                    "this is no DiscoveryRequest in JSON",
                    or_error=True,
                ),
                "404": in_text("no such resource is handed out", "not handed out here"),
                **refusals((408, 413)),
            },
            parameters=[in_path("kind", "of the resource", {"enum": list(xds.KINDS)})],
            body=body_of(ref("DiscoveryRequest"), _DISCOVERY),
        )
    },
    ofrep.ONE_PATH: {
        "post": operation(
            "evaluate_flag",
            "OFREP: which model serves this user?",
            {
                "200": in_json("the flag", ref("Flag"), _FLAG),
                "404": in_json("there is no such flag, or not yet", ref("FlagFailure")),
                **_unreadable("FlagFailure", {"key": "int8", "errorCode": "TARGETING_KEY_MISSING"}),
            },
            parameters=[in_path("key", "the trial's name, or what its actuator calls the flag")],
            body=body_of(ref("FlagContext"), _CONTEXT),
        )
    },
    ofrep.ALL_PATH: {
        "post": operation(
            "evaluate_flags",
            "OFREP: which model serves this user, of every trial?",
            {
                "200": {
                    **in_json("every flag", ref("Flags"), {"flags": [_FLAG]}),
                    "headers": _ETAG,
                },
                "304": {"description": "the very same was seen", "headers": _ETAG},
                **_unreadable("FlagsFailure", _NO_TIME),
            },
            parameters=[
                _SEEN,
                in_query("flagConfigEtag", "not read", text()),
                in_query("flagConfigLastModified", "seconds since 1970, or a time", _MODIFIED),
            ],
            body=body_of(ref("FlagContext"), _CONTEXT),
        )
    },
}
