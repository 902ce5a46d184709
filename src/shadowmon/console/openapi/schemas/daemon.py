"""The daemon itself, and errors."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.console.openapi.schemas.trial import SHORT
from shadowmon.console.openapi.vocabulary import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    Schema,
    array,
    obj,
    or_null,
    ref,
)


SCHEMAS: Mapping[str, Schema] = {
    "Front": obj(
        {
            "name": TEXT,
            "version": TEXT,
            "links": {"type": "object", "additionalProperties": TEXT},
            "guide": TEXT,
        }
    ),
    "TrialInShort": obj(SHORT),
    "Status": obj(
        {
            "at": TIME,
            "started_at": TIME,
            "version": TEXT,
            "ready": FLAG,
            "problems": array(TEXT),
            "store_problem": TEXT,
            "freeze": or_null(ref("Freeze")),
            "config_reload_successful": FLAG,
            "config_reload_at": or_null(TIME),
            "tick_seconds": NUMBER,
            "funnel": {"type": "object", "additionalProperties": COUNT},
            "trials": array(ref("TrialInShort")),
        }
    ),
    "Freeze": obj({"since": TIME, "operator": TEXT, "reason": TEXT}),
    "Held": obj({"freeze": or_null(ref("Freeze"))}),
    "Healthy": obj({"healthy": FLAG}),
    "Ready": obj({"ready": FLAG, "problems": array(TEXT)}),
    "Reloaded": obj({"reloaded": FLAG}),
    "Complaint": obj({"key": TEXT, "problem": TEXT, "hint": TEXT}),
    "Error": obj(
        {
            "error": obj(
                {"message": TEXT, "hint": TEXT, "complaints": array(ref("Complaint"))},
                optional=("complaints",),
            )
        }
    ),
    "Receivers": obj(
        {
            "receivers": array(
                obj(
                    {
                        "receiver": TEXT,
                        "problem": {**TEXT, "description": "of its last message; empty: none"},
                    }
                )
            )
        }
    ),
    "DeadLetters": obj({"dead": array(ref("DeadLetter"))}),
    "DeadLetter": obj(
        {
            "receiver": TEXT,
            "entry": {**COUNT, "description": "number of the journal entry it tells of"},
            "id": {**TEXT, "description": "of the message; the same at each try"},
            "topic": TEXT,
            "sentence": TEXT,
            "problem": TEXT,
            "tries": COUNT,
            "given_up_at": TIME,
        }
    ),
}
