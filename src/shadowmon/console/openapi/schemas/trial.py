"""A trial, its figures and its rules."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.console.openapi.vocabulary import (
    COUNT,
    FLAG,
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
from shadowmon.evidence.coverage import Cover
from shadowmon.records import Contrast, Decision, Grade, MetricKind, Phase, Side, Worse


RACE: Mapping[str, Schema] = {
    "log_e_value": {**MAYBE_NUMBER, "description": "natural logarithm; null for minus infinity"},
    "log_e_needed": {**MAYBE_NUMBER, "description": "proven once log_e_value is this large"},
    "e_value": {**MAYBE_NUMBER, "description": "null where it is beyond a float"},
    "percent_of_need": {**MAYBE_NUMBER, "description": "100 and more: proven"},
}

RULE: Mapping[str, Schema] = {
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
    **RACE,
}

SHORT: Mapping[str, Schema] = {
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
    "Race": obj(RACE),
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
    "Rule": obj(RULE),
    "Trial": obj(
        {
            **SHORT,
            "number": COUNT,
            "version": TEXT,
            "actuator": {**TEXT, "description": "what moves the traffic; `dry_run`: nothing does"},
            "truth": TEXT,
            "primary": TEXT,
            "state": ref("State"),
            "stages": array(ref("Stage")),
            "figures": array(ref("Figure")),
            "rules": array(ref("Rule")),
            "coverage": array(ref("Coverage")),
            "classification": {
                **or_null(ref("Classification")),
                "description": "of labelled pairs, class by class; null without labels.classes",
            },
            "mix": {
                **or_null(ref("Mix")),
                "description": "how often each model calls each class, label or no label; null "
                "without labels.classes",
            },
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
    "Classification": obj(
        {
            "accuracy": ref("Compared"),
            "macro_f1": ref("Compared"),
            "micro_f1": ref("Compared"),
            "classes": array(
                obj(
                    {
                        "class": TEXT,
                        "precision": ref("Compared"),
                        "recall": ref("Compared"),
                        "f1": ref("Compared"),
                    }
                )
            ),
        }
    ),
    "Mix": obj(
        {
            "moved_bits": {
                **NUMBER,
                "description": "Jensen-Shannon divergence of the two mixes, in [0, 1]",
            },
            "by_chance_bits": {
                **NUMBER,
                "description": "what moved_bits is on average where nothing moved",
            },
            "classes": array(
                obj(
                    {
                        "class": {
                            **or_null(TEXT),
                            "description": "null: every answer that is no configured class",
                        },
                        "baseline": {**NUMBER, "description": "share of its answers"},
                        "optimized": NUMBER,
                    }
                )
            ),
        }
    ),
    "Compared": obj(
        {
            "baseline": MAYBE_NUMBER,
            "optimized": MAYBE_NUMBER,
            "difference": {**MAYBE_NUMBER, "description": "optimized minus baseline"},
            "lower": {**MAYBE_NUMBER, "description": "holds for one look, and decides nothing"},
            "upper": MAYBE_NUMBER,
        }
    ),
    "Trials": obj({"trials": array(ref("Trial"))}),
    "Coverage": obj(
        {
            "slice": TEXT,
            "cover": one_of(Cover),
            "planned_pairs": MAYBE_NUMBER,
            "seen_pairs": COUNT,
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
                "description": "the optimized model's share in basis points -> complaints; at 0 "
                "those of moments when its weight was not known to be in force",
            },
        }
    ),
}
