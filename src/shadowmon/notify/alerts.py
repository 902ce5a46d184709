"""
What is firing now, as Alertmanager's API v2 wants it. Pure.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. Only what a person must
hear of even while Prometheus is down: weight taken away, a foreign hand on it, a store that cannot
be written. Everything else is Prometheus' (deploy/prometheus).

Rule: an alert's labels say nothing of who tells it, so that every replica's is the same alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shadowmon.records import Phase
from shadowmon.view import DaemonView, TrialView


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert."""

    labels: tuple[tuple[str, str], ...]
    """Sorted; what makes it this alert and no other."""
    summary: str
    description: str
    since: datetime | None = None
    """None: since it was first seen."""

    def told(self, *, starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
        """Return it as it is posted."""
        return {
            "labels": dict(self.labels),
            "annotations": {"summary": self.summary, "description": self.description},
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
        yield from _of_trial(trial, more)
    if view.store_problem:
        yield Alert(
            labels=_labels(more, alertname="ShadowmonStoreUnwritable", severity="critical"),
            summary="shadowmon's journal cannot be written",
            description=f"No trial climbs until it can; weight can still be taken away. "
            f"{view.store_problem}",
        )


def _of_trial(trial: TrialView, more: Mapping[str, str]) -> Iterator[Alert]:
    own = {**more, "trial": trial.trial_id, "route": trial.route}
    if trial.state.phase is Phase.ROLLED_BACK:
        why = trial.verdict.sentence if trial.verdict else "the journal says why"
        yield Alert(
            labels=_labels(own, alertname="ShadowmonRolledBack", severity="critical"),
            summary=f"{trial.optimized} was rolled back on route {trial.route}",
            description=f"{why}. It stays at 0 % until a person re-arms it: "
            f"shadowmon re-arm {trial.trial_id} --reason …",
            since=trial.state.entered_stage_at,
        )
    if trial.state.drifted:
        yield Alert(
            labels=_labels(own, alertname="ShadowmonWeightDrifted", severity="warning"),
            summary=f"another hand changed the weight of {trial.optimized}",
            description=f"Trial {trial.trial_id} holds until a person resumes it: "
            f"shadowmon resume {trial.trial_id}",
        )


def _labels(more: Mapping[str, str], **own: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**more, **own}.items()))
