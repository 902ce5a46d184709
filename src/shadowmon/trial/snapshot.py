"""
What a trial remembers over a restart, as JSON.

What is read off the accounts again at the next look (evidence, verdict, coverage) is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from shadowmon.records import RolloutState
from shadowmon.trial.feedback import Complaints
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan


def write(plan: TrialPlan, memory: Memory) -> Mapping[str, Any]:
    """Return what `read` needs, and what tells whether the evidence still is for this plan."""
    return {
        "state": msgspec.to_builtins(memory.state),
        "chain": memory.chain,
        "variance_ratio": memory.variance_ratio,
        "pairs": memory.pairs,
        "pairs_in_stage": memory.pairs_in_stage,
        "first_stage": memory.first_stage,
        "said": list(memory.said),
        "version": plan.version,
        "optimized": plan.optimized,
        "fingerprint": plan.fingerprint(),
        "meaning": dict(plan.meaning),
        "rules": [msgspec.to_builtins(rule) for rule in plan.rules],
        "alphas": [plan.evidence.alpha_promote, plan.evidence.alpha_roll_back],
        "pending": list(memory.pending),
        "began_at": memory.began_at and memory.began_at.isoformat(),
        "complaints": msgspec.to_builtins(memory.complaints, str_keys=True),
    }


def read(snapshot: Mapping[str, Any]) -> Memory:
    """Return what was remembered."""
    began_at = snapshot["began_at"]
    return Memory(
        # What the actuator really holds is not known after a restart: it will be read back.
        state=replace(msgspec.convert(snapshot["state"], RolloutState), applied_weight=None),
        chain=snapshot["chain"],
        variance_ratio=snapshot.get("variance_ratio"),
        pairs=snapshot["pairs"],
        pairs_in_stage=snapshot["pairs_in_stage"],
        first_stage=snapshot.get("first_stage", 0),
        said=tuple(snapshot["said"]),
        began_at=began_at and datetime.fromisoformat(began_at),
        complaints=msgspec.convert(snapshot.get("complaints") or {}, Complaints, str_keys=True),
    )
