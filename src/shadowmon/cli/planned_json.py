"""A forecast, as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from shadowmon.cli.planned import cannot
from shadowmon.console.shapes import number
from shadowmon.daemon.forecast import PROMOTE_AT, Asked, Rung, TrialForecast
from shadowmon.daemon.parts import plan_hash


Json: TypeAlias = Mapping[str, Any]


def to_json(found: TrialForecast, *, days: float) -> Json:
    """Return a forecast as JSON; what never happens, and what is not known, is null."""
    assumed = found.assumed
    return {
        "trial": found.plan.trial_id,
        "config_hash": plan_hash(found.plan),
        "assumed": {
            "requests_per_second": assumed.requests_per_second,
            "shares": dict(assumed.shares),
            "noise": assumed.noise,
            "loss": assumed.loss,
            "accuracy": assumed.accuracy,
            "error_rate": assumed.error_rate,
        },
        "promote": [_asked_to_json(asked) for asked in found.promote],
        "roll_back": [_asked_to_json(asked) for asked in found.roll_back],
        "stages": [_rung_to_json(rung) for rung in found.rungs],
        "violation_free_pairs": [
            {"limit": limit, "pairs": pairs} for limit, pairs in found.violation_free
        ],
        "tripwire": found.tripwire.value if found.tripwire else None,
        "violations_needed": [
            {"baseline_only": baseline, "optimized_only": optimized}
            for baseline, optimized in found.violations
        ],
        "curve": [
            {"truth": truth, "promote": number(up), "roll_back": number(down)}
            for truth, up, down in found.curve
        ],
        "cannot_prove": list(cannot(found, days=days)),
    }


def _asked_to_json(asked: Asked) -> Json:
    claim = asked.rule.claim
    return {
        "rule": asked.rule.name,
        "metric": claim.metric,
        "slice": claim.slice,
        "contrast": claim.contrast.value,
        "limit": claim.limit,
        "side": claim.side.value,
        "scope": asked.rule.scope.value,
        "log_e_needed": asked.log_e_needed,
        "pairs_per_second": asked.pairs_per_second,
        "at": [
            {
                "truth": at.truth,
                "multiple_of_limit": at.multiple,
                "pairs_median": number(at.pairs.median),
                "pairs_q90": number(at.pairs.q90),
                "seconds_median": number(at.median_seconds),
                "seconds_q90": number(at.q90_seconds),
            }
            for at in asked.at
        ],
    }


def _rung_to_json(rung: Rung) -> Json:
    return {
        "stage": rung.stage.name,
        "to": rung.to.name,
        "min_pairs": rung.stage.min_pairs,
        "min_dwell_seconds": rung.stage.min_dwell_seconds,
        "longest": rung.by,
        "after": [
            {
                "multiple_of_limit": multiple,
                "seconds_median": number(after[0]) if after else None,
                "seconds_q90": number(after[1]) if after else None,
            }
            for multiple, after in zip(PROMOTE_AT, rung.after_seconds, strict=True)
        ],
    }
