"""
The configuration that the demo's daemon runs with: an ordinary file, for people to read and reuse.

The stages are short because a demo is; the limits are the task's own defaults, and so is every
error rate: what is decided here is decided by the same proof as in production.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


BASELINE = "fp32"
OPTIMIZED = ("int8", "int4", "int2")
ROUTE = "digits"

STAGES = {1: 600, 10: 200, 50: 200, 100: 200}
"""
Percent -> pairs that must be scored there. More at 1 %, so that enough of its few users come by for
the load generator to count whether they are 1 %.
"""
STAGE_SECONDS = 3.0
SHADOW_PAIRS = 200
MATURITY_SECONDS = 2.0
"""The load generator tells every truth 1.1 seconds after the request at the latest."""
PRICE_PER_BYTE = 1e-8
"""Of weights that one request reads: the cost side, in no currency in particular."""

HEADER = """\
# What `shadowmon demo` ran with. It is an ordinary configuration:
#     shadowmon check-config {file}
#     shadowmon run --config {file}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What the configuration depends on."""

    folder: Path
    models: Mapping[str, str]
    """Model -> address of its server."""
    size_bytes: Mapping[str, int]
    """Model -> bytes of its weights."""
    proxy: str
    """host:port for users."""
    console: str
    """host:port for people and for labels."""
    trials: Sequence[str] = OPTIMIZED


def write_configuration(plan: DemoPlan) -> Path:
    """Write `shadowmon.yaml` into the demo's folder and return its path."""
    path = plan.folder / "shadowmon.yaml"
    body = yaml.safe_dump(configuration(plan), sort_keys=False, width=100)
    path.write_text(HEADER.format(file=path) + body, encoding="utf-8")
    return path


def configuration(plan: DemoPlan) -> dict[str, Any]:
    """Return the whole configuration as it is written, in flow order."""
    return {
        "models": {name: _model(plan, name) for name in plan.models},
        "routes": {
            ROUTE: {
                "path_prefix": "/v2/models/digits",
                "baseline": BASELINE,
                "codec": "open_inference",
                "sticky": {"header": "x-user-id"},
            }
        },
        "trials": {name: _trial(name) for name in plan.trials},
        "traffic": {
            "slices": {
                "bank": {"header": "x-tenant", "equals": "bank", "edge": True},
                "post": {"header": "x-tenant", "equals": "post"},
            }
        },
        "proxy": {"listen": plan.proxy},
        "rollout": {
            "skip_reason": "skipped, for a demo has no offline results and nobody to ask",
            "shadow_min_pairs": SHADOW_PAIRS,
            "shadow_min_dwell_seconds": STAGE_SECONDS,
            "stages": [_stage(percent, pairs) for percent, pairs in STAGES.items()],
            "cooldown_seconds": 5.0,
        },
        "store": {"path": str(plan.folder / "shadowmon.db")},
        "telemetry": {"log_format": "json"},
        "console": {"listen": plan.console},
        "daemon": {"tick_seconds": 0.25, "flush_seconds": 0.1, "drain_seconds": 2.0},
    }


def _model(plan: DemoPlan, name: str) -> dict[str, Any]:
    price = {"per_request": round(plan.size_bytes[name] * PRICE_PER_BYTE, 9)}
    return {"url": plan.models[name], "price": price, "timeout_seconds": 5.0}


def _trial(name: str) -> dict[str, Any]:
    return {
        "route": ROUTE,
        "optimized": name,
        "actuator": "proxy",
        "task": "classification",
        "labels": {"expected": "all", "maturity_seconds": MATURITY_SECONDS},
    }


def _stage(percent: int, pairs: int) -> dict[str, Any]:
    return {"percent": percent, "min_pairs": pairs, "min_dwell_seconds": STAGE_SECONDS}
