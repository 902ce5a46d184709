"""What Argo's Kayenta provider and Kayenta itself send, and are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.openapi.vocabulary import (
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
)
from shadowmon.gates.kayenta_config import (
    PAIRS_MAX,
    POINTS_MAX,
    Direction,
    Measure,
    NanStrategy,
    OutlierStrategy,
)
from shadowmon.gates.kayenta_judge import Label
from shadowmon.gates.standing import Word


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
_LIMIT = _nullable(NUMBER)
_POINTS = array(
    {"anyOf": [NUMBER, {"type": "string", "description": "NaN: a missing point"}]},
    maxItems=POINTS_MAX,
)
_EFFECT = foreign(
    {
        "measure": one_of(Measure),
        "allowedIncrease": _LIMIT,
        "allowedDecrease": _LIMIT,
        "criticalIncrease": _LIMIT,
        "criticalDecrease": _LIMIT,
    }
)
_ANALYSIS = foreign(
    {
        "direction": one_of(Direction),
        "nanStrategy": one_of(NanStrategy),
        "critical": FLAG,
        "mustHaveData": FLAG,
        "muted": FLAG,
        "effectSize": _EFFECT,
        "outliers": foreign({"strategy": one_of(OutlierStrategy), "outlierFactor": NUMBER}),
    }
)
_SCORE = {"score": NUMBER, "classification": TEXT, "classificationReason": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    "KayentaConfig": obj({"id": TEXT, "name": TEXT}),
    "KayentaToBegin": {
        **foreign({"thresholds": foreign({"pass": _PERCENT, "marginal": _PERCENT})}),
        "description": "as Argo sends it; `marginal` is not above `pass`",
    },
    "KayentaBegun": obj({"canaryExecutionId": TEXT}),
    "KayentaRun": {
        "anyOf": [
            obj({"complete": {"const": False}, "status": {"const": "running"}}),
            obj(
                {
                    "complete": {"const": True},
                    "status": {"const": "succeeded"},
                    "result": obj({"judgeResult": ref("KayentaVerdict")}),
                }
            ),
        ]
    },
    "KayentaVerdict": obj(
        {"judgeName": TEXT, "score": obj({**_SCORE, "classification": one_of(Word)})}
    ),
    "KayentaMetric": foreign(
        {
            "name": TEXT,
            "groups": array(TEXT),
            "analysisConfigurations": _nullable(foreign({"canary": _ANALYSIS})),
        },
        required=("name",),
    ),
    "KayentaPair": foreign(
        {
            "name": {**TEXT, "description": "of a metric of the configuration"},
            "id": TEXT,
            "tags": {"type": "object", "additionalProperties": TEXT},
            "values": foreign({"control": _POINTS, "experiment": _POINTS}),
        },
        required=("name", "values"),
    ),
    "KayentaToJudge": foreign(
        {
            "canaryConfig": foreign(
                {
                    "metrics": array(ref("KayentaMetric")),
                    "classifier": _nullable(
                        foreign(
                            {
                                "groupWeights": _nullable(
                                    {"type": "object", "additionalProperties": NUMBER}
                                )
                            }
                        )
                    ),
                }
            ),
            "scoreThresholds": foreign({"pass": NUMBER, "marginal": NUMBER}),
            "metricSetPairList": array(ref("KayentaPair"), maxItems=PAIRS_MAX),
        },
        required=("canaryConfig", "scoreThresholds", "metricSetPairList"),
    ),
    "KayentaJudgement": obj(
        {
            "judgeName": TEXT,
            "results": array(ref("KayentaResult")),
            "groupScores": array(obj({"name": TEXT, **_SCORE})),
            "score": obj({**_SCORE, "classification": {"enum": ["Pass", "Marginal", "Fail"]}}),
        }
    ),
    "KayentaResult": obj(
        {
            "name": TEXT,
            "id": TEXT,
            "tags": {"type": "object", "additionalProperties": TEXT},
            "classification": one_of(Label),
            "classificationReason": TEXT,
            "groups": array(TEXT),
            "experimentMetadata": obj({"stats": ref("KayentaStats")}),
            "controlMetadata": obj({"stats": ref("KayentaStats")}),
            "resultMetadata": obj({"ratio": NUMBER}, optional=("ratio",)),
            "critical": FLAG,
            "muted": FLAG,
        }
    ),
    "KayentaStats": obj(
        {
            "count": COUNT,
            "mean": NUMBER,
            "min": NUMBER,
            "median": NUMBER,
            "max": NUMBER,
            "std": NUMBER,
        },
        optional=("mean", "min", "median", "max", "std"),
    ),
}

TO_JUDGE: Mapping[str, Any] = {
    "canaryConfig": {"metrics": [{"name": "errors", "groups": ["quality"]}]},
    "scoreThresholds": {"pass": 75, "marginal": 50},
    "metricSetPairList": [
        {"name": "errors", "values": {"control": [1, 2, "NaN"], "experiment": [2, 1]}}
    ],
}
_SCORED = {"score": 100.0, "classificationReason": ""}
_STATS = {"count": 2, "mean": 1.5, "min": 1.0, "median": 1.5, "max": 2.0, "std": 0.7071067811865476}
JUDGEMENT: Mapping[str, Any] = {
    "judgeName": "shadowmon-v1.0",
    "results": [
        {
            "name": "errors",
            "id": "",
            "tags": {},
            "classification": "Pass",
            "classificationReason": "both samples are the same",
            "groups": ["quality"],
            "experimentMetadata": {"stats": _STATS},
            "controlMetadata": {"stats": _STATS},
            "resultMetadata": {"ratio": 1.0},
            "critical": False,
            "muted": False,
        }
    ],
    "groupScores": [{"name": "quality", **_SCORED, "classification": ""}],
    "score": {
        "score": 100.0,
        "classification": "Pass",
        "classificationReason": "100: pass from 75, marginal from 50",
    },
}
