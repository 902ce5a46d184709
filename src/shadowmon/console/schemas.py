"""
JSON Schemas (2020-12) of what console/shapes.py makes, for console/openapi.py.

Every object lists all of its keys and allows no others, so that a test notices whatever is added on
one side only.
"""

from __future__ import annotations

import enum

from collections.abc import Mapping
from typing import Any, TypeAlias

from shadowmon.evidence.coverage import Cover
from shadowmon.records import (
    Arm,
    Contrast,
    Decision,
    EntryKind,
    FeedbackKind,
    Grade,
    MetricKind,
    Phase,
    Side,
    Worse,
)
from shadowmon.view import Said


Schema: TypeAlias = dict[str, Any]


def obj(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object with exactly these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """Refer to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema, **more: int) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **more}


def or_null(schema: Schema) -> Schema:
    """Allow null beside a schema."""
    return {"anyOf": [schema, {"type": "null"}]}


def text(**more: Any) -> Schema:  # noqa: ANN401 - any keyword of JSON Schema
    """Return the schema of a text."""
    return {"type": "string", **more}


def one_of(choices: type[enum.StrEnum]) -> Schema:
    """Return the schema of one of a few words."""
    return {"type": "string", "enum": [choice.value for choice in choices]}


TEXT = text()
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
TIME = text(format="date-time")
ANYTHING: Schema = {"type": "object", "additionalProperties": True}

_RACE: Mapping[str, Schema] = {
    "log_e_value": {**MAYBE_NUMBER, "description": "natural logarithm; null for minus infinity"},
    "log_e_needed": {**MAYBE_NUMBER, "description": "proven once log_e_value is this large"},
    "e_value": {**MAYBE_NUMBER, "description": "null where it is beyond a float"},
    "percent_of_need": {**MAYBE_NUMBER, "description": "100 and more: proven"},
}

_RULE: Mapping[str, Schema] = {
    "rule": TEXT,
    "claim": ref("Claim"),
    "armed": FLAG,
    "breached": FLAG,
    "alarm": {**FLAG, "description": "is a person called? decides nothing"},
    "weight_in_average": {
        **MAYBE_NUMBER,
        "description": "share in the average of all rules that can take weight away",
    },
    "count": COUNT,
    "missing": {"type": ["integer", "null"]},
    **_RACE,
}

_SHORT: Mapping[str, Schema] = {
    "id": TEXT,
    "route": TEXT,
    "baseline": TEXT,
    "optimized": TEXT,
    "task": TEXT,
    "phase": one_of(Phase),
    "paused": FLAG,
    "desired_weight": ref("Weight"),
    "applied_weight": or_null(ref("Weight")),
    "pairs": COUNT,
    "pairs_in_stage": COUNT,
    "last_pair_at": or_null(TIME),
    "blocked": {**TEXT, "description": "why it may not climb now; empty if it may"},
    "pending": {**array(TEXT), "description": "what would be looser, and is not in force"},
    "verdict": or_null(ref("Verdict")),
}

SCHEMAS: Mapping[str, Schema] = {
    "Weight": obj({"basis_points": COUNT, "percent": NUMBER}),
    "Claim": obj(
        {
            "metric": TEXT,
            "slice": TEXT,
            "contrast": one_of(Contrast),
            "limit": NUMBER,
            "side": one_of(Side),
        }
    ),
    "Verdict": obj(
        {
            "decision": one_of(Decision),
            "grade": one_of(Grade),
            "sentence": TEXT,
            "epoch": COUNT,
            "decided_at": TIME,
        }
    ),
    "Race": obj(_RACE),
    "TrialInShort": obj(_SHORT),
    "Status": obj(
        {
            "at": TIME,
            "started_at": TIME,
            "version": TEXT,
            "ready": FLAG,
            "problems": array(TEXT),
            "store_problem": TEXT,
            "config_reload_successful": FLAG,
            "config_reload_at": or_null(TIME),
            "tick_seconds": NUMBER,
            "funnel": {"type": "object", "additionalProperties": COUNT},
            "trials": array(ref("TrialInShort")),
        }
    ),
    "State": obj(
        {
            "phase": one_of(Phase),
            "paused": FLAG,
            "epoch": COUNT,
            "stage_index": {**INTEGER, "description": "-1 while no stage holds weight"},
            "stage_count": COUNT,
            "desired_weight": ref("Weight"),
            "applied_weight": or_null(ref("Weight")),
            "entered_stage_at": TIME,
            "cooldown_until": or_null(TIME),
        }
    ),
    "Stage": obj(
        {
            "name": TEXT,
            "weight": ref("Weight"),
            "min_pairs": COUNT,
            "min_dwell_seconds": NUMBER,
            "present": FLAG,
        }
    ),
    "Figure": obj(
        {
            "metric": TEXT,
            "kind": one_of(MetricKind),
            "worse": one_of(Worse),
            "sentence": TEXT,
            "slice": TEXT,
            "contrast": one_of(Contrast),
            "count": COUNT,
            "missing": COUNT,
            "baseline_rate": MAYBE_NUMBER,
            "optimized_rate": MAYBE_NUMBER,
            "estimate": {**MAYBE_NUMBER, "description": "a positive figure is always worse"},
            "lower": MAYBE_NUMBER,
            "upper": MAYBE_NUMBER,
            "acceptable": {**MAYBE_NUMBER, "description": "a climb asks for less, proven"},
            "red_line": {**MAYBE_NUMBER, "description": "proven above it, all weight goes"},
        }
    ),
    "Rule": obj(_RULE),
    "Trial": obj(
        {
            **_SHORT,
            "number": COUNT,
            "version": TEXT,
            "truth": TEXT,
            "primary": TEXT,
            "state": ref("State"),
            "stages": array(ref("Stage")),
            "figures": array(ref("Figure")),
            "rules": array(ref("Rule")),
            "coverage": array(ref("Coverage")),
            "discoveries": {
                **array(TEXT),
                "description": "breaches at a false discovery rate; a report, decides nothing",
            },
            "roll_back": ref("Race"),
            "feedback": {
                **or_null(ref("Complaints")),
                "description": "of the present stage; null if complaints are not judged",
            },
        }
    ),
    "Complaints": obj(
        {
            "rise": {**NUMBER, "description": "tolerated, relative"},
            "log_e_increased": NUMBER,
            "log_e_disproved": NUMBER,
            "log_e_needed": NUMBER,
            "baseline": ref("FeltOfArm"),
            "optimized": ref("FeltOfArm"),
        }
    ),
    "FeltOfArm": obj(
        {
            "replies": {**COUNT, "description": "those that were mirrored, and are known"},
            "complaints": COUNT,
            "thumbs_up": COUNT,
            "complaints_by_share": {
                "type": "object",
                "additionalProperties": COUNT,
                "description": "the optimized model's share in basis points -> complaints",
            },
        }
    ),
    "Coverage": obj(
        {
            "slice": TEXT,
            "cover": one_of(Cover),
            "planned_pairs": MAYBE_NUMBER,
            "seen_pairs": COUNT,
        }
    ),
    "Trials": obj({"trials": array(ref("Trial"))}),
    "ExplainedRule": obj(
        {
            **_RULE,
            "grade": or_null(one_of(Grade)),
            "sentence": TEXT,
            "estimate": MAYBE_NUMBER,
            "lower": MAYBE_NUMBER,
            "upper": MAYBE_NUMBER,
            "baseline_rate": MAYBE_NUMBER,
            "optimized_rate": MAYBE_NUMBER,
            "counts": {**array(INTEGER), "description": "all that the e-value is computed from"},
            "recompute": {**ANYTHING, "description": "what else is needed to compute it again"},
        }
    ),
    "Explanation": obj(
        {
            "trial": TEXT,
            "entry": {"type": ["integer", "null"], "description": "null: the present verdict"},
            "hash": {"type": ["string", "null"]},
            "verdict": or_null(ref("Verdict")),
            "rules": array(ref("ExplainedRule")),
            "roll_back": ref("Race"),
        }
    ),
    "Entry": obj(
        {
            "number": COUNT,
            "at": TIME,
            "trial": TEXT,
            "kind": one_of(EntryKind),
            "sentence": TEXT,
            "data": ANYTHING,
            "previous_hash": TEXT,
            "hash": TEXT,
        }
    ),
    "Journal": obj(
        {
            "entries": array(ref("Entry")),
            "next_before": {
                "type": ["integer", "null"],
                "description": "`before` of the next page",
            },
        }
    ),
    "Asked": obj({"trial": TEXT, "state": ref("State")}),
    "Operation": obj(
        {"operator": text(minLength=1, maxLength=100), "reason": text(maxLength=1000)},
        optional=("reason",),
    ),
    "Loosening": obj(
        {
            "operator": text(minLength=1, maxLength=100),
            "reason": text(minLength=1, maxLength=1000),
            "evidence": {
                "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
                "description": "the journal entry of a verdict that supports it; none overrides",
            },
        },
        optional=("evidence",),
    ),
    "Approval": obj(
        {
            "operator": text(minLength=1, maxLength=100),
            "reason": text(minLength=1, maxLength=1000),
            "expires_seconds": {
                "anyOf": [
                    {"type": "number", "minimum": 1, "maximum": 30 * 86_400},
                    {"type": "null"},
                ],
                "description": "for how long it is valid; none: for as long as it takes",
            },
        },
        optional=("expires_seconds",),
    ),
    "GateResult": obj(
        {
            "grade": {"enum": ["accept", "review", "reject"]},
            "sentence": text(minLength=1, maxLength=1000),
            "reporter": text(minLength=1, maxLength=100),
            "data": {"type": "object", "description": "what it was judged by"},
        },
        optional=("data",),
    ),
    "Label": obj(
        {
            "exchange_id": text(minLength=1, maxLength=256),
            "label": text(minLength=1, maxLength=1024),
        }
    ),
    "Feedback": {
        "oneOf": [
            obj(
                {"kind": one_of(FeedbackKind), "exchange_id": text(minLength=1, maxLength=256)},
            ),
            obj(
                {
                    "kind": one_of(FeedbackKind),
                    "trial": text(minLength=1, maxLength=100),
                    "arm": one_of(Arm),
                    "at": {**TIME, "description": "when the reply was given; now if left out"},
                },
                optional=("at",),
            ),
        ]
    },
    "Preference": obj(
        {
            "task": text(minLength=1, maxLength=256),
            "reviewer": text(minLength=1, maxLength=100),
            "choice": one_of(Said),
        }
    ),
    "Preferred": obj({"standing": ref("Standing")}),
    "NextReview": obj({"task": or_null(ref("ReviewTask")), "standing": ref("Standing")}),
    "ReviewTask": obj(
        {
            "id": TEXT,
            "question": ANYTHING,
            "left": {**ANYTHING, "description": "parts of an answer; its outcome if it failed"},
            "right": ANYTHING,
            "slices": array(TEXT),
        }
    ),
    "Standing": obj(
        {
            "comparisons": {**COUNT, "description": "those that count"},
            "needed": COUNT,
            "score": {**MAYBE_NUMBER, "description": "of the optimized model; 0.5 is as good"},
            "lower": MAYBE_NUMBER,
            "upper": MAYBE_NUMBER,
            "agreement": {**MAYBE_NUMBER, "description": "Krippendorff's alpha"},
            "grade": one_of(Grade),
            "sentence": TEXT,
        }
    ),
    "Felt": obj({"accepted": COUNT, "unknown": COUNT, "stale": COUNT, "repeated": COUNT}),
    "Labelled": obj({"accepted": COUNT, "unknown": COUNT}),
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
}
