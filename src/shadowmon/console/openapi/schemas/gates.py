"""What other controllers send, and are answered; OpenFeature and Envoy among them."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.console.openapi.vocabulary import (
    ANYTHING,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    array,
    foreign,
    obj,
    one_of,
    ref,
    text,
)
from shadowmon.gates.standing import Word
from shadowmon.records import Grade, Phase


_CONTEXT = foreign({"targetingKey": TEXT}, required=("targetingKey",))
_CODE = {"enum": ["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "FLAG_NOT_FOUND"]}
_FAILED = {"errorCode": _CODE, "errorDetails": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    "Canary": {
        **foreign(
            {
                "name": TEXT,
                "namespace": TEXT,
                "phase": TEXT,
                "checksum": TEXT,
                "metadata": {"type": "object", "additionalProperties": TEXT},
            }
        ),
        "description": "as Flagger sends it",
    },
    "TrialStanding": obj(
        {
            "trial": TEXT,
            "verdict": one_of(Word),
            "value": {
                **NUMBER,
                "description": "the loss that is not yet excluded; 1 while nothing is measured",
            },
            "sentence": TEXT,
            "grade": one_of(Grade),
            "phase": one_of(Phase),
            "version": TEXT,
            "pairs": COUNT,
        }
    ),
    "UnknownTrial": obj({"verdict": {"const": "insufficient"}, "value": NUMBER, "sentence": TEXT}),
    "DiscoveryRequest": {
        **foreign(
            {
                "version_info": {"type": ["string", "null"]},
                "versionInfo": {"type": ["string", "null"]},
                "resource_names": {"type": ["array", "null"], "items": TEXT},
                "resourceNames": {"type": ["array", "null"], "items": TEXT},
                "node": foreign({"id": TEXT}),
            }
        ),
        "description": "envoy.service.discovery.v3.DiscoveryRequest, in either spelling",
    },
    "DiscoveryResponse": obj(
        {"version_info": TEXT, "type_url": TEXT, "resources": array(ANYTHING, minItems=1)}
    ),
    "FlagContext": foreign({"context": _CONTEXT}, required=("context",)),
    "Flag": obj(
        {
            "key": TEXT,
            "value": FLAG,
            "variant": {"enum": ["optimized", "baseline"]},
            "reason": {"const": "SPLIT"},
            "metadata": obj({"percent": NUMBER}),
        }
    ),
    "Flags": obj({"flags": array(ref("Flag"))}),
    "FlagFailure": obj({"key": text(), **_FAILED}, optional=("errorDetails",)),
    "FlagsFailure": obj(_FAILED),
}
