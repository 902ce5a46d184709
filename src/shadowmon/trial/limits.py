"""
What the configuration would loosen, and what of it is in force.

Rule: a limit is loosened by evidence or by a person's word, never by a restart with another file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from shadowmon.errors import RefusedError
from shadowmon.policy.loosening import Loosened, loosened, tightest
from shadowmon.policy.rules import Rule
from shadowmon.records import Claim
from shadowmon.trial.plan import TrialPlan


def in_force(plan: TrialPlan, snapshot: Mapping[str, Any]) -> TrialPlan:
    """Return the plan, but with whatever it would loosen as it was before."""
    before = msgspec.convert(snapshot["rules"], tuple[Rule, ...])
    alpha_promote, alpha_roll_back = snapshot["alphas"]
    alphas = {
        "alpha_promote": min(alpha_promote, plan.evidence.alpha_promote),
        "alpha_roll_back": max(alpha_roll_back, plan.evidence.alpha_roll_back),
    }
    return replace(
        plan,
        rules=tightest(before, plan.rules),
        evidence=plan.evidence.model_copy(update=alphas),
    )


def loosenings(held_to: TrialPlan, wanted: TrialPlan) -> Iterator[str]:
    """Say what of the configuration is not in force."""
    yield from (change.sentence for change in loosened(held_to.rules, wanted.rules))
    for name in ("alpha_promote", "alpha_roll_back"):
        was, would = getattr(held_to.evidence, name), getattr(wanted.evidence, name)
        if was != would:
            yield f"{name}: {was:g} would become {would:g}"


def refuse_unless_supported(
    changes: Sequence[Loosened],
    figures: Sequence[tuple[Claim, float | None]],
    pending: Sequence[str],
) -> None:
    """
    Check that evidence supports a looser limit.

    Raises:
        RefusedError: If an upper end of an interval is not below its new limit.

    """
    without = [
        change.sentence
        for change in changes
        if not any(change.is_supported_by(claim, upper) for claim, upper in figures)
    ]
    without += [sentence for sentence in pending if sentence.startswith("alpha_")]
    if without:
        msg = (
            f"that verdict does not support: {'; '.join(without)}; its interval must lie below the "
            "new limit (or override, with a reason)"
        )
        raise RefusedError(msg)
