"""Argo Rollouts' web metric and its Kayenta provider; Kayenta's remote judge; jobs and CI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.console.openapi.operations import (
    TRIAL,
    Responses,
    body_of,
    ignored,
    in_json,
    in_path,
    in_query,
    in_text,
    operation,
    refusals,
)
from shadowmon.console.openapi.schemas.kayenta import JUDGEMENT, TO_JUDGE
from shadowmon.console.openapi.vocabulary import Schema, array, ref, text
from shadowmon.gates import argo, kayenta


_STANDING = {
    "trial": "int8",
    "verdict": "pass",
    "value": 0.012,
    "sentence": "quality is proven",
    "grade": "accept",
    "phase": "progressing",
    "version": "2",
    "pairs": 2310,
}
_SCOPE = {"scope": "int8", "location": "here", "step": 60}
_BEGUN = {
    "scopes": {"default": {"controlScope": _SCOPE, "experimentScope": _SCOPE}},
    "thresholds": {"pass": 90, "marginal": 75},
}
_CONFIGS = [{"id": "int8", "name": "int8"}]
_ACCOUNTS = ("application", "metricsAccountName", "configurationAccountName", "storageAccountName")
_UNKNOWN = in_text("no trial is called so", "no trial is called int-8; there are: int8")


def _argo(method: str) -> dict[str, Any]:
    told = {"anyOf": [ref("TrialStanding"), ref("UnknownTrial")]}
    return operation(
        f"argo_{method}",
        "Argo's web metric: always 200, to a name that is not known too",
        {"200": in_json("how the trial stands", told, _STANDING)},
        parameters=[TRIAL, in_query("version", "that is being rolled out", text())],
        body=None if method == "get" else body_of({}, {"args": {}}, required=False),
    )


def _judge(name: str, summary: str) -> dict[str, Any]:
    return operation(
        name,
        summary,
        {
            "200": in_json("each metric, and the score", ref("KayentaJudgement"), JUDGEMENT),
            "400": in_text(
                "it is none of Kayenta's", "this is no request of Kayenta's", or_error=True
            ),
            "422": in_text(
                "it does not fit together", "metric 'errors' is not in canaryConfig.metrics"
            ),
            **refusals((408, 413)),
        },
        body=body_of(ref("KayentaToJudge"), TO_JUDGE),
    )


_RUN: Schema = in_path("id", "a trial's name to begin a run; a run's id to ask how it stands")
_BEGIN_ANSWERS: Responses = {
    "200": in_json("the run's id", ref("KayentaBegun"), {"canaryExecutionId": "int8~90~75"}),
    "400": in_text("it is none of Argo's", "this is no request of Argo's", or_error=True),
    "422": in_text(
        "marginal is above pass", "thresholds are whole numbers: 0 <= marginal <= pass <= 100"
    ),
    "404": _UNKNOWN,
    **refusals((408, 413)),
}
_RUN_ANSWERS: Responses = {
    "200": in_json("the run", ref("KayentaRun"), {"complete": False, "status": "running"}),
    "404": in_text("no trial and no run is called so", "no run has this id"),
}

PATHS: Mapping[str, Mapping[str, Any]] = {
    argo.ARGO_PATH: {method: _argo(method) for method in ("get", "post", "put")},
    argo.VERDICT_PATH: {
        "get": operation(
            "verdict",
            "How a trial stands, for jobs and CI",
            {
                "200": in_json("how it stands", ref("TrialStanding"), _STANDING),
                **refusals((404,)),
            },
            parameters=[TRIAL],
        )
    },
    f"{kayenta.BASE}/canaryConfig": {
        "get": operation(
            "kayenta_configs",
            "Argo's Kayenta provider, first call: every trial is a configuration",
            {"200": in_json("every trial", array(ref("KayentaConfig")), _CONFIGS)},
            parameters=ignored(*_ACCOUNTS),
        )
    },
    f"{kayenta.BASE}/canary/{{id}}": {
        "post": operation(
            "kayenta_begin",
            "Argo's Kayenta provider, second call: begin a run",
            _BEGIN_ANSWERS,
            parameters=[_RUN, *ignored(*_ACCOUNTS)],
            body=body_of(ref("KayentaToBegin"), _BEGUN),
        ),
        "get": operation(
            "kayenta_run",
            "Argo's Kayenta provider, third call: how a run stands",
            _RUN_ANSWERS,
            parameters=[_RUN],
        ),
    },
    f"{kayenta.BASE}{kayenta.JUDGE_PATH}": {
        "post": _judge("kayenta_judge", "Kayenta's remote judge")
    },
    kayenta.JUDGE_PATH: {"post": _judge("judge", "The same, for clients that drop a base's path")},
}
