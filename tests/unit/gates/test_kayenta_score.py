"""Kayenta's score, and the whole answer of a remote judge held against its schema."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from shadowmon.gates.kayenta import judge_answer
from shadowmon.gates.kayenta_score import summary


TEXT, NUMBER = {"type": "string"}, {"type": "number"}
STATS = {
    "type": "object",
    "properties": {"stats": {"type": "object", "additionalProperties": NUMBER}},
    "required": ["stats"],
}


def an_object(**properties):
    """Return the schema of an object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


WORDS = ["Pass", "High", "Low", "Nodata", "NodataFailMetric", "Error"]
ANSWER = an_object(
    judgeName=TEXT,
    results={
        "type": "array",
        "items": an_object(
            name=TEXT,
            id=TEXT,
            tags={"type": "object", "additionalProperties": TEXT},
            classification={"enum": WORDS},
            classificationReason=TEXT,
            groups={"type": "array", "items": TEXT},
            experimentMetadata=STATS,
            controlMetadata=STATS,
            resultMetadata={"type": "object", "additionalProperties": NUMBER},
            critical={"type": "boolean"},
            muted={"type": "boolean"},
        ),
    },
    groupScores={
        "type": "array",
        "items": an_object(name=TEXT, score=NUMBER, classification=TEXT, classificationReason=TEXT),
    },
    score=an_object(
        score=NUMBER,
        classification={"enum": ["Pass", "Marginal", "Fail"]},
        classificationReason=TEXT,
    ),
)
"""Kayenta's CanaryJudgeResult, by its field names."""

GOOD = {"control": [1, 2, 1, 2, 1, 2], "experiment": [1, 2, 2, 1, 2, 1]}
RISEN = {"control": [1, 2, 1, 2, 1, 2, 1, 2], "experiment": [9, 8, 9, 8, 9, 8, 9, 8]}
EMPTY = {"control": ["NaN"], "experiment": []}


def asked(*metrics, weights=None, thresholds=(75.0, 50.0)):
    """Ask the judge about (name, values, group, analysis)s; return its answer."""
    body = {
        "canaryConfig": {
            "metrics": [
                {"name": name, "groups": [group], "analysisConfigurations": {"canary": how}}
                for name, _, group, how in metrics
            ],
            "classifier": {"groupWeights": weights or {}},
        },
        "scoreThresholds": dict(zip(("pass", "marginal"), thresholds, strict=True)),
        "metricSetPairList": [
            {"name": name, "id": name, "tags": {"arm": "x"}, "values": values}
            for name, values, _, _ in metrics
        ],
    }
    answered = judge_answer(json.dumps(body).encode())
    assert answered.status == 200
    jsonschema_rs.validate(ANSWER, answered.body)
    json.dumps(answered.body, allow_nan=False)
    return answered.body


def test_groups_share_what_is_left():
    """A group without a weight has its share of what the others leave of a hundred."""
    found = asked(
        ("a", GOOD, "one", {}),
        ("b", RISEN, "two", {}),
        ("c", GOOD, "three", {}),
        weights={"one": 50},
    )

    assert {each["name"]: each["score"] for each in found["groupScores"]} == {
        "one": 100.0,
        "two": 0.0,
        "three": 100.0,
    }
    assert found["score"]["score"] == 75.0


@pytest.mark.parametrize(
    ("thresholds", "word"), [((75, 50), "Pass"), ((95, 75), "Marginal"), ((95, 80), "Fail")]
)
def test_thresholds(thresholds, word):
    """A score on a threshold is past it."""
    found = asked(
        ("a", GOOD, "one", {}),
        ("b", RISEN, "two", {}),
        weights={"one": 75, "two": 25},
        thresholds=thresholds,
    )

    assert (found["score"]["score"], found["score"]["classification"]) == (75.0, word)


def test_a_critical_failure_is_zero():
    """One critical failure is a score of 0, whatever the rest."""
    found = asked(("a", GOOD, "one", {}), ("b", RISEN, "two", {"critical": True}))

    assert found["score"] == {
        "score": 0.0,
        "classification": "Fail",
        "classificationReason": "critical metric b: High",
    }


def test_half_without_data_is_zero():
    """Where half of the metrics have no data nothing is known, and that is a 0."""
    found = asked(("a", GOOD, "one", {}), ("b", EMPTY, "two", {}))

    assert found["score"]["score"] == 0.0
    assert found["score"]["classificationReason"] == "1 of 2 metrics have no data"


def test_a_muted_metric_is_told_and_not_counted():
    """A muted metric that rose costs nothing."""
    found = asked(("a", GOOD, "one", {}), ("b", RISEN, "one", {"muted": True}))

    assert [each["classification"] for each in found["results"]] == ["Pass", "High"]
    assert found["score"]["score"] == 100.0


def test_a_group_without_data_passes():
    """A group of which nothing was measured has a full score."""
    found = asked(("a", GOOD, "one", {}), ("c", GOOD, "one", {}), ("b", EMPTY, "two", {}))

    assert [each["score"] for each in found["groupScores"]] == [100.0, 100.0]


@pytest.mark.parametrize("point", [1e308, "Infinity", "-Infinity", "NaN", "many"])
def test_every_number_is_finite(point):
    """Whatever a point is, the answer is JSON."""
    asked(("a", {"control": [1, 2, point, 1, 2], "experiment": [5, point, 7, 6, 5]}, "one", {}))


def test_the_sum_is_rounded():
    """A score has two decimals, as Kayenta's has."""
    assert summary({"a": 100.0, "b": 0.0, "c": 0.0}, {}) == 33.33
