"""What users and reviewers say, and what reviewers are handed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.openapi.operations import (
    BODY,
    CHANGING,
    OPERATOR,
    REVIEWER,
    TRIAL,
    answers,
    body_of,
    in_query,
    operation,
)
from shadowmon.console.openapi.vocabulary import Schema, array, ref, said
from shadowmon.console.people import NEXT_PATH, PREFERENCES_PATH
from shadowmon.console.reading import MANY_MAX, NAME_MAX


def _one_or_many(name: str) -> Schema:
    return {"anyOf": [ref(name), array(ref(name), maxItems=MANY_MAX)]}


PATHS: Mapping[str, Mapping[str, Any]] = {
    NEXT_PATH: {
        "get": operation(
            "next_review",
            "Two answers for a reviewer to compare, blinded; null if there are no more",
            answers("NextReview", (400, *CHANGING, 404, 409)),
            parameters=[
                TRIAL,
                in_query("reviewer", "who compares them", said(NAME_MAX), required=True),
            ],
            security=REVIEWER,
        )
    },
    PREFERENCES_PATH: {
        "post": operation(
            "prefer",
            "What a reviewer says of two answers",
            answers("Preferred", (*BODY, *CHANGING, 404, 409, 503)),
            parameters=[TRIAL],
            body=body_of(ref("Preference"), {"task": "q-17", "reviewer": "ada", "choice": "left"}),
            security=REVIEWER,
        )
    },
    "/api/v1/feedback": {
        "post": operation(
            "feedback",
            "What users said of replies they got: all of it is taken, or nothing",
            answers("Felt", (*BODY, *CHANGING)),
            body=body_of(
                _one_or_many("Feedback"),
                {"kind": "complaint", "exchange_id": "0197-4c2e"},
            ),
            security=OPERATOR,
        )
    },
    "/api/v1/labels": {
        "post": operation(
            "labels",
            "The truth about exchanges, told later: all of it is taken, or nothing",
            answers("Labelled", (*BODY, *CHANGING)),
            body=body_of(_one_or_many("Label"), {"exchange_id": "0197-4c2e", "label": "7"}),
            security=OPERATOR,
        )
    },
}
