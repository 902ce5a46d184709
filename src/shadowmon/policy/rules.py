"""
The rules of one trial: each is a claim that evidence may prove, and what follows if it does.

Built once from settings. A rule asks nothing itself; `judge` reads what is proven of its claim.
"""

from __future__ import annotations

import enum

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shadowmon.policy.settings import (
    ACCEPTABLE_LOSS,
    EDGE,
    PRIMARY,
    PolicySettings,
    RedLineSettings,
    Safety,
    Task,
)
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Scope,
    Side,
    SliceName,
    Worse,
)


ERROR = MetricName("error")
"""Did the model fail to answer? Every pair has it."""

CORRECT = MetricName("correct")
"""Did the model say what the label says? Known once labels have come."""


class Kind(enum.StrEnum):
    """What follows from a rule's claim once it is proven."""

    CLIMB = "climb"
    """All of these together allow a climb."""
    REVIEW = "review"
    """Worse than acceptable: one stage down, and a person should look."""
    BORDERLINE = "borderline"
    """Beside REVIEW: but not worse than the review factor allows."""
    REJECT = "reject"
    """Worse than borderline: all weight away."""
    RED_LINE = "red_line"
    """All weight away, page, and a person must re-arm."""
    TRIPWIRE = "tripwire"
    """The same at the first case, proven or not."""
    TRIPWIRE_HOLD = "tripwire_hold"
    """No climb in this epoch after the first case, and page."""


TRIPWIRES = (Kind.TRIPWIRE, Kind.TRIPWIRE_HOLD)

TAKES_ALL = (Kind.REJECT, Kind.RED_LINE)
"""The kinds that share one error rate, `alpha_roll_back`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule."""

    name: str
    kind: Kind
    claim: Claim
    scope: Scope
    armed: bool = True
    """A rule that is not armed is shown and never asked."""


def natural_contrast(metric: Metric) -> Contrast:
    """Return the figure that a limit on this metric is about, unless the settings say otherwise."""
    if metric.kind is MetricKind.DIVERGENCE:
        return Contrast.MEAN
    if metric.worse is Worse.LOWER:
        return Contrast.RELATIVE_DROP
    return Contrast.ABSOLUTE_RISE


UNASKED_LIMIT = 0.05


def unasked(metric: Metric) -> tuple[tuple[Contrast, float], ...]:
    """Return what scores are counted for that no rule asks of: they must be counted for one."""
    return ((natural_contrast(metric), UNASKED_LIMIT),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the rules of a trial are about."""

    task: Task
    metrics: Mapping[MetricName, Metric]
    primary: MetricName
    edge_slices: tuple[SliceName, ...] = ()

    def acceptable(self, policy: PolicySettings) -> float:
        """Return the acceptable loss of the primary metric."""
        return policy.acceptable or ACCEPTABLE_LOSS[self.task]


def rules_for(policy: PolicySettings, subject: Subject) -> tuple[Rule, ...]:
    """Return every rule of a trial: what a climb asks for, then what takes weight away."""
    return (*_climbs(policy, subject), *_reviews(policy, subject), *_red_lines(policy, subject))


def _climbs(policy: PolicySettings, subject: Subject) -> Iterator[Rule]:
    primary = subject.metrics[subject.primary]
    yield _rule("quality", Kind.CLIMB, primary, subject.acceptable(policy), Side.BETTER)
    if ERROR in subject.metrics:
        errors = subject.metrics[ERROR]
        yield _rule("errors", Kind.CLIMB, errors, policy.error_rise_acceptable, Side.BETTER)
    for required in policy.required:
        metric = subject.metrics[_named(required.metric, subject)]
        yield _rule(
            f"required_{metric.name}",
            Kind.CLIMB,
            metric,
            required.acceptable,
            Side.BETTER,
            slice_name=SliceName(required.slice),
            contrast=required.contrast,
        )


def _reviews(policy: PolicySettings, subject: Subject) -> Iterator[Rule]:
    primary = subject.metrics[subject.primary]
    acceptable = subject.acceptable(policy)
    borderline = acceptable * policy.review_factor
    yield _rule("review", Kind.REVIEW, primary, acceptable, Side.WORSE)
    yield _rule("borderline", Kind.BORDERLINE, primary, borderline, Side.BETTER)
    yield _rule("reject", Kind.REJECT, primary, borderline, Side.WORSE)


def _red_lines(policy: PolicySettings, subject: Subject) -> Iterator[Rule]:
    for line in policy.red_lines:
        name = _named(line.metric, subject)
        if name not in subject.metrics:
            continue
        for slice_name in _slices(line, subject):
            yield _rule(
                line.name,
                _TRIPS[policy.safety] if line.contrast is Contrast.ANY_RISE else Kind.RED_LINE,
                subject.metrics[name],
                line.limit,
                Side.WORSE,
                slice_name=slice_name,
                contrast=line.contrast,
                armed=line.armed and (not line.tasks or subject.task in line.tasks),
            )


_TRIPS = {
    Safety.ANY: Kind.TRIPWIRE,
    Safety.HOLD: Kind.TRIPWIRE_HOLD,
    Safety.EVIDENCE: Kind.RED_LINE,
}


def _slices(line: RedLineSettings, subject: Subject) -> tuple[SliceName, ...]:
    return subject.edge_slices if line.slice == EDGE else (SliceName(line.slice),)


def one_is_too_many(policy: PolicySettings) -> frozenset[MetricName]:
    """Return the metrics whose first violation is an answer, and nothing has to be proven of."""
    if policy.safety is Safety.EVIDENCE:
        return frozenset()
    return frozenset(
        MetricName(line.metric) for line in policy.red_lines if line.contrast is Contrast.ANY_RISE
    )


def _named(word: str, subject: Subject) -> MetricName:
    return subject.primary if word == PRIMARY else MetricName(word)


def _rule(
    name: str,
    kind: Kind,
    metric: Metric,
    limit: float,
    side: Side,
    *,
    slice_name: SliceName = EVERYTHING,
    contrast: Contrast | None = None,
    armed: bool = True,
) -> Rule:
    claim = Claim(
        metric=metric.name,
        slice=slice_name,
        contrast=contrast or natural_contrast(metric),
        limit=limit,
        side=side,
    )
    # A climb looks at the present stage's service; whatever takes weight away looks at everything.
    scope = metric.scope if kind is Kind.CLIMB else Scope.EPOCH
    return Rule(name=name, kind=kind, claim=claim, scope=scope, armed=armed)


def shares(rules: tuple[Rule, ...]) -> dict[Rule, float]:
    """
    Divide the one error rate of all rules that can take all weight away.

    Half goes to the rules about all traffic, half to those about slices (statistics: the weighted
    average of e-values is an e-value whatever their dependence); all of it to one side if the other
    is empty.

    Returns:
        Weights that sum to 1, or nothing if no rule is armed.

    """
    asked = [rule for rule in rules if rule.kind in TAKES_ALL and rule.armed]
    whole = [rule for rule in asked if rule.claim.slice == EVERYTHING]
    parts = [rule for rule in asked if rule.claim.slice != EVERYTHING]
    groups = [group for group in (whole, parts) if group]
    return {rule: 1 / len(groups) / len(group) for group in groups for rule in group}
