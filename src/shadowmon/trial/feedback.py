"""
What users say of the replies they get, held against a climb.

Complaints have no pair, so they are no metric of the ledger: they are counted by arm and by the
share of traffic that the optimized model had then, and weighed as evidence/events.py says. Every
stage begins anew, for with the share of traffic the audience changes too.

A complaint counts by the share that was in force when its user was served, and not by one that was
only wanted then; where nobody knows the share it is counted, and proves nothing.

Rule 1: they keep a rollout from climbing and call a person; they take no weight away.
Rule 2: a stage that serves no user, or all of them, by the optimized model has nobody to compare.
"""

from __future__ import annotations

import math

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shadowmon.evidence.events import Events, log_e_value, merge
from shadowmon.policy.sentences import percent, race
from shadowmon.policy.settings import OnComplaints
from shadowmon.records import ALL_TRAFFIC, NO_TRAFFIC, Arm, Felt, RolloutState, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRule:
    """How a trial treats complaints."""

    rise: float
    """By how much the rate of complaints may be higher, relative."""
    climb: OnComplaints
    alpha: float
    """Of a false word on complaints in one stage."""

    @property
    def log_e_needed(self) -> float:
        """Natural logarithm of the e-value that proves a claim."""
        return -math.log(self.alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaints:
    """All that was said in one stage."""

    stage: int = 0
    """The stage's number; what is said in another one begins anew."""
    events: Events = Events()  # noqa: RUF009 - frozen
    felt: Mapping[Arm, Felt] = field(default_factory=dict)
    told: bool = False
    """Was a person called over it?"""

    def heard(self, felt: Mapping[Arm, Felt], state: RolloutState) -> Complaints:
        """Add what was said since."""
        before = self if self.stage == state.stage_count else Complaints(stage=state.stage_count)
        if not felt:
            return before
        said = {arm.value: _by_share(felt[arm], state.desired_weight) for arm in Arm if arm in felt}
        return replace(
            before,
            events=merge([before.events, Events(**said)]),
            felt={arm: before.felt.get(arm, Felt()) + felt.get(arm, Felt()) for arm in Arm},
        )

    def increased(self, rule: FeedbackRule) -> bool:
        """Is it proven that the optimized model's users complain more than is tolerated?"""
        return self._log_e(rule, Side.WORSE) >= rule.log_e_needed

    def disproved(self, rule: FeedbackRule) -> bool:
        """Is it proven that they do not?"""
        return self._log_e(rule, Side.BETTER) >= rule.log_e_needed

    def objection(self, rule: FeedbackRule, state: RolloutState) -> str:
        """Return what keeps the rollout from climbing; empty if nothing does."""
        if self.increased(rule):
            return self.sentence(rule)
        compares = 0 < state.desired_weight < ALL_TRAFFIC
        waits = rule.climb is OnComplaints.ONCE_DISPROVED and compares and not self.disproved(rule)
        return self.sentence(rule) if waits else ""

    def sentence(self, rule: FeedbackRule) -> str:
        """Say what users said, and what is proven of it."""
        ours, theirs = (self.felt.get(arm, Felt()) for arm in Arm)
        worse = self.increased(rule)
        side = Side.WORSE if worse or rule.climb is OnComplaints.UNLESS_INCREASED else Side.BETTER
        words = "complaints increased" if worse else "complaints are not proven to be as rare"
        return (
            f"{words}: {theirs.complaints} in {theirs.replies} replies of the optimized model, "
            f"{ours.complaints} in {ours.replies} of the baseline ({percent(rule.rise)} more are "
            f"tolerated; {race(self._log_e(rule, side), rule.log_e_needed)})"
        )

    def to_json(self, rule: FeedbackRule) -> dict[str, Any]:
        """Return all of it as JSON, to compute it again (evidence/events.py)."""
        return {
            "rise": rule.rise,
            "log_e_increased": self._log_e(rule, Side.WORSE),
            "log_e_disproved": self._log_e(rule, Side.BETTER),
            "log_e_needed": rule.log_e_needed,
            **{
                arm.value: {
                    "replies": self.felt.get(arm, Felt()).replies,
                    "complaints": self.felt.get(arm, Felt()).complaints,
                    "thumbs_up": self.felt.get(arm, Felt()).thumbs_up,
                    "complaints_by_share": {
                        str(share): count
                        for share, count in sorted(getattr(self.events, arm.value).items())
                    },
                }
                for arm in Arm
            },
        }

    def _log_e(self, rule: FeedbackRule, side: Side) -> float:
        return log_e_value(self.events, rise=rule.rise, side=side)


def _by_share(felt: Felt, share: int) -> Mapping[int, int]:
    """Return complaints by the share in force; the unplaced go where they say nothing, at 0."""
    counts = {share: felt.complaints - felt.unplaced, NO_TRAFFIC: felt.unplaced}
    return {share: count for share, count in counts.items() if count}
