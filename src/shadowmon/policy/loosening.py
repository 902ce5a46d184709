"""
Which limits became looser, and what stays in force until somebody may loosen them.

Tightening is free and takes effect at once. Loosening needs production's own evidence, or a person
who says why; both are journalled. Until then the former limit stays in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadowmon.policy.rules import Kind, Rule
from shadowmon.policy.sentences import limit, where
from shadowmon.records import Claim, Contrast, MetricName, Side, SliceName


@dataclass(frozen=True, slots=True, kw_only=True)
class Loosened:
    """One rule that asks for less than before."""

    before: Rule
    after: Rule | None
    """None: it is not asked at all any more."""

    @property
    def sentence(self) -> str:
        """Say what changed."""
        was = f"{self.before.name} ({where(self.before.claim)}): {limit(self.before.claim)}"
        if self.after is None or not self.after.armed:
            return f"{was} would be asked no more"
        if self.after.kind is not self.before.kind:
            return f"{was} would only {self.after.kind}"
        return f"{was} would become {limit(self.after.claim)}"

    def is_supported_by(self, claim: Claim, upper: float | None) -> bool:
        """
        Does a figure that was measured in production bear the new limit?

        Args:
            claim: What the figure was measured of.
            upper: The upper end of its interval.
        """
        if self.after is None or not self.after.armed or upper is None:
            return False
        return _cell(claim) == _cell(self.after.claim) and upper <= self.after.claim.limit


def loosened(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[Loosened, ...]:
    """Return every rule of `before` that `after` asks less of."""
    now = {_key(rule): rule for rule in after}
    return tuple(
        Loosened(before=rule, after=now.get(_key(rule)))
        for rule in before
        if rule.armed and _is_looser(rule, now.get(_key(rule)))
    )


def tightest(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return `after`, but with each loosened rule as it was before."""
    kept = {_key(change.before): change.before for change in loosened(before, after)}
    names = {_key(rule) for rule in after}
    return (
        *(kept.get(_key(rule), rule) for rule in after),
        *(rule for key, rule in kept.items() if key not in names),
    )


def _is_looser(before: Rule, after: Rule | None) -> bool:
    if after is None or not after.armed:
        return True
    if _STRICTNESS.get(after.kind, 0) < _STRICTNESS.get(before.kind, 0):
        return True
    return after.claim.limit > before.claim.limit


_STRICTNESS = {Kind.RED_LINE: 1, Kind.TRIPWIRE_HOLD: 2, Kind.TRIPWIRE: 3}
"""Among the ways to treat a safety violation."""


def _key(rule: Rule) -> tuple[str, MetricName, SliceName, Contrast, Side]:
    return (rule.name, *_cell(rule.claim), rule.claim.side)


def _cell(claim: Claim) -> tuple[MetricName, SliceName, Contrast]:
    return claim.metric, claim.slice, claim.contrast
