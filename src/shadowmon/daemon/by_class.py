"""
Precision, recall and F1 of each configured class, of what was counted so far; for people.

Rule: they are made of 2x2 tables of single pairs. Where a user's pairs are counted together
(`evidence.dependence`) there are none, and nothing is shown.
"""

from __future__ import annotations

from shadowmon.evidence import outcomes, sampling
from shadowmon.records import EVERYTHING, MetricKind, MetricName
from shadowmon.scoring.classification.classes import false_alarm, missed
from shadowmon.scoring.classification.f1 import Classification, ClassTables, compared
from shadowmon.trial.trial import Trial


_MISSED = missed("")


def by_class(trial: Trial) -> Classification | None:
    """Return all figures; None without classes, or while no label has come."""
    names = [
        str(name).removeprefix(_MISSED)
        for name, metric in trial.weighing.metrics.items()
        if name.startswith(_MISSED) and metric.kind is MetricKind.VERDICTS
    ]
    tables = {
        name: ClassTables(
            missed=_table(trial, missed(name)), false_alarm=_table(trial, false_alarm(name))
        )
        for name in names
    }
    if not any(sum(each.missed) for each in tables.values()):
        return None
    return compared(tables, alpha=trial.plan.evidence.alpha_interval)


def _table(trial: Trial, metric: MetricName) -> tuple[int, int, int, int]:
    """Return what was counted, in whole pairs: neither, optimized only, baseline only, both."""
    accounts = trial.memory.totals.get((metric, EVERYTHING), {})
    places = outcomes.places(trial.weighing.metrics[metric])
    neither, optimized, baseline, both, *_ = map(
        round, sampling.weighted_sum(accounts, places=places)
    )
    return neither, optimized, baseline, both
