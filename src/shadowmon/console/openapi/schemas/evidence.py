"""What was decided and why: the journal, verdicts explained, cost against quality."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.console.openapi.schemas.trial import RULE
from shadowmon.console.openapi.vocabulary import (
    ANYTHING,
    COUNT,
    INTEGER,
    MAYBE_NUMBER,
    NUMBER,
    TEXT,
    TIME,
    Schema,
    array,
    obj,
    one_of,
    or_null,
    ref,
)
from shadowmon.records import EntryKind, Grade


SCHEMAS: Mapping[str, Schema] = {
    "ExplainedRule": obj(
        {
            **RULE,
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
    "Curve": obj({"trials": array(ref("CurvePoint")), "references": array(ref("ReferencePoint"))}),
    "CurvePoint": obj(
        {
            "trial": TEXT,
            "baseline": TEXT,
            "optimized": TEXT,
            "metric": TEXT,
            "truth": {**TEXT, "description": "what the metric is held against"},
            "pairs": COUNT,
            "priced_pairs": {**COUNT, "description": "since the start, with both costs known"},
            "cost_ratio": {
                **or_null(ref("Interval")),
                "description": "optimized over baseline; its ends hold at any moment, for large "
                "numbers of pairs, and are null while there are few",
            },
            "quality": {
                **or_null(ref("Interval")),
                "description": "share of the baseline's that is kept",
            },
        }
    ),
    "Interval": obj({"estimate": MAYBE_NUMBER, "lower": MAYBE_NUMBER, "upper": MAYBE_NUMBER}),
    "ReferencePoint": obj(
        {
            "name": TEXT,
            "cost_ratio": MAYBE_NUMBER,
            "weight_bits": MAYBE_NUMBER,
            "quality": obj({"lower": NUMBER, "upper": NUMBER}),
            "source": TEXT,
        }
    ),
}
