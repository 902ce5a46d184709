"""What people ask for and say, and what they are told in return."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.console.openapi.vocabulary import (
    ANYTHING,
    COUNT,
    MAYBE_NUMBER,
    TEXT,
    TIME,
    Schema,
    array,
    obj,
    one_of,
    or_null,
    ref,
    said,
    text,
)
from shadowmon.console.reading import ID_MAX, LABEL_MAX, NAME_MAX, REASON_MAX
from shadowmon.records import Arm, FeedbackKind, Grade
from shadowmon.view import Said


_OPERATOR, _REASON = said(NAME_MAX), said(REASON_MAX)

SCHEMAS: Mapping[str, Schema] = {
    "Asked": obj({"trial": TEXT, "state": ref("State")}),
    "Operation": obj(
        {"operator": _OPERATOR, "reason": text(maxLength=REASON_MAX)}, optional=("reason",)
    ),
    "ReasonedOperation": obj({"operator": _OPERATOR, "reason": _REASON}),
    "Loosening": obj(
        {
            "operator": _OPERATOR,
            "reason": _REASON,
            "evidence": {
                **or_null({"type": "integer", "minimum": 1, "maximum": 2**53}),
                "description": "the journal entry of a verdict that supports it; none overrides",
            },
        },
        optional=("evidence",),
    ),
    "Approval": obj(
        {
            "operator": _OPERATOR,
            "reason": _REASON,
            "expires_seconds": {
                **or_null({"type": "number", "minimum": 1, "maximum": 30 * 86_400}),
                "description": "for how long it is valid; none: for as long as it takes",
            },
        },
        optional=("expires_seconds",),
    ),
    "GateResult": obj(
        {
            "grade": {"enum": ["accept", "review", "reject"]},
            "sentence": said(REASON_MAX),
            "reporter": said(NAME_MAX),
            "data": {"type": "object", "description": "what it was judged by"},
        },
        optional=("data",),
    ),
    "Label": obj({"exchange_id": said(ID_MAX), "label": said(LABEL_MAX)}),
    "Labelled": obj({"accepted": COUNT, "unknown": COUNT}),
    "Feedback": {
        "oneOf": [
            obj({"kind": one_of(FeedbackKind), "exchange_id": said(ID_MAX)}),
            obj(
                {
                    "kind": one_of(FeedbackKind),
                    "trial": said(NAME_MAX),
                    "arm": one_of(Arm),
                    "at": {**TIME, "description": "when the reply was given; now if left out"},
                },
                optional=("at",),
            ),
        ]
    },
    "Felt": obj({"accepted": COUNT, "unknown": COUNT, "stale": COUNT, "repeated": COUNT}),
    "Preference": obj({"task": said(ID_MAX), "reviewer": said(NAME_MAX), "choice": one_of(Said)}),
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
}
