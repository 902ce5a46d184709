"""
What is firing now, as Alertmanager's API v2 wants it. Pure.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. Only what a person must
hear of even while Prometheus is down: weight taken away, a foreign hand on it, a store that cannot
be written. Everything else is Prometheus' (deploy/prometheus).

Rule 1: these are Prometheus' own alerts, told by another road: the same names, severities and
        runbooks, and as long as theirs. Whoever has both roads is woken once.
Rule 2: an alert's labels say nothing of who tells it, so that every replica's is the same alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shadowmon.records import Phase, Side
from shadowmon.view import DaemonView, TrialView


NEWS_FOR = timedelta(minutes=1)
"""A breach is news for so long, even if all traffic is given back sooner."""

_PAGE, _TICKET = "page", "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert."""

    labels: tuple[tuple[str, str], ...]
    """Sorted; what makes it this alert and no other."""
    summary: str
    description: str
    runbook: str
    since: datetime | None = None
    """None: since it was first seen."""

    def told(self, *, starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
        """Return it as it is posted."""
        return {
            "labels": dict(self.labels),
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": self.runbook,
            },
            "startsAt": starts_at.isoformat(),
            "endsAt": ends_at.isoformat(),
        }


def firing(view: DaemonView, more: Mapping[str, str]) -> Iterator[Alert]:
    """
    Return what is firing.

    Args:
        view: The picture.
        more: Labels that the operator puts on every alert.
    """
    for trial in view.trials:
        for rule in _breached(trial, view.at):
            yield _red_line_breached(trial, rule, more)
        if trial.state.phase is Phase.ROLLED_BACK:
            yield _awaits_re_arm(trial, more)
        if trial.state.drifted:
            yield _weight_drift(trial, more)
    if view.store_problem:
        yield _store_unwritable(view.store_problem, more)


def _breached(trial: TrialView, now: datetime) -> list[str]:
    """Return the red lines that are crossed, while users meet the model and a minute after that."""
    state = trial.state
    is_met = bool(state.applied_weight)
    is_news = state.phase is Phase.ROLLED_BACK and now - state.entered_stage_at < NEWS_FOR
    if not (is_met or is_news):
        return []
    crossed = (
        rule.rule
        for rule in trial.rules
        if rule.breached and rule.evidence.claim.side is Side.WORSE
    )
    return list(dict.fromkeys(crossed))


def _red_line_breached(trial: TrialView, rule: str, more: Mapping[str, str]) -> Alert:
    return _alert(
        "ShadowmonRedLineBreached",
        _PAGE,
        {**more, "trial": trial.trial_id, "rule": rule},
        summary=f"Trial {trial.trial_id} crossed its red line {rule}",
        description=f"{_why(trial)}. All of its traffic is being given back to {trial.baseline}; "
        "this alert ends once that is done.",
        since=trial.state.entered_stage_at if trial.state.phase is Phase.ROLLED_BACK else None,
    )


def _awaits_re_arm(trial: TrialView, more: Mapping[str, str]) -> Alert:
    return _alert(
        "ShadowmonAwaitsReArm",
        _TICKET,
        {**more, "trial": trial.trial_id},
        summary=f"Trial {trial.trial_id} was rolled back, and waits for a person",
        description=f"{_why(trial)}. {trial.optimized} stays at 0 % until a person re-arms it: "
        f"shadowmon re-arm {trial.trial_id} --reason …",
        since=trial.state.entered_stage_at,
    )


def _weight_drift(trial: TrialView, more: Mapping[str, str]) -> Alert:
    return _alert(
        "ShadowmonWeightDrift",
        _PAGE,
        {**more, "trial": trial.trial_id, "route": trial.route},
        summary=f"Trial {trial.trial_id} has another weight than it should",
        description=f"Another hand changed the weight of {trial.optimized}. The trial holds until "
        f"a person resumes it: shadowmon resume {trial.trial_id} --reason …",
    )


def _store_unwritable(problem: str, more: Mapping[str, str]) -> Alert:
    return _alert(
        "ShadowmonStoreUnwritable",
        _PAGE,
        more,
        summary="shadowmon's journal cannot be written",
        description=f"No trial climbs until it can; weight can still be taken away. {problem}",
    )


def _why(trial: TrialView) -> str:
    return trial.verdict.sentence if trial.verdict else "The journal says why"


def _alert(
    name: str,
    severity: str,
    labels: Mapping[str, str],
    *,
    summary: str,
    description: str,
    since: datetime | None = None,
) -> Alert:
    whole = {**labels, "alertname": name, "severity": severity}
    return Alert(
        labels=tuple(sorted(whole.items())),
        summary=summary,
        description=description,
        runbook=f"docs/runbooks/{name}.md",
        since=since,
    )
