"""
What was counted so far of each configured class; for people: precision, recall and F1, which need
labels, and how often each model calls the class, which needs none.

Rule: they are made of 2x2 tables of single pairs. Where a user's pairs are counted together
(`evidence.dependence`) there are none, and nothing is shown.
"""

from __future__ import annotations

from shadowmon.evidence import outcomes, sampling
from shadowmon.records import EVERYTHING, MetricKind, MetricName
from shadowmon.scoring.classification.called import CALLED_NO_CLASS, called
from shadowmon.scoring.classification.classes import false_alarm, missed
from shadowmon.scoring.classification.f1 import Classification, ClassTables, compared
from shadowmon.scoring.classification.mix import Mix, Table, mix
from shadowmon.trial.trial import Trial


_MISSED, _CALLED = missed(""), called("")


def by_class(trial: Trial) -> Classification | None:
    """Return all figures; None without classes, or while no label has come."""
    names = _classes(trial, _MISSED)
    tables = {
        name: ClassTables(
            missed=_table(trial, missed(name)), false_alarm=_table(trial, false_alarm(name))
        )
        for name in names
    }
    if not any(sum(each.missed) for each in tables.values()):
        return None
    return compared(tables, alpha=trial.plan.evidence.alpha_interval)


def mix_of(trial: Trial) -> Mix | None:
    """Return how often each model calls each class; None without classes, or while no pair has."""
    tables: dict[str | None, Table] = {
        name: _counted(trial, called(name)) for name in _classes(trial, _CALLED)
    }
    return mix(tables | {None: _counted(trial, CALLED_NO_CLASS.name)}) if tables else None


def _classes(trial: Trial, prefix: str) -> list[str]:
    return [
        str(name).removeprefix(prefix)
        for name, metric in trial.weighing.metrics.items()
        if name.startswith(prefix) and metric.kind is MetricKind.VERDICTS
    ]


def _table(trial: Trial, metric: MetricName) -> tuple[int, int, int, int]:
    """Return what was counted, in whole pairs."""
    neither, optimized, baseline, both = map(round, _counted(trial, metric))
    return neither, optimized, baseline, both


def _counted(trial: Trial, metric: MetricName) -> Table:
    """Return the pairs: neither, optimized only, baseline only, both."""
    accounts = trial.memory.totals.get((metric, EVERYTHING), {})
    places = outcomes.places(trial.weighing.metrics[metric])
    neither, optimized, baseline, both, *_ = sampling.weighted_sum(accounts, places=places)
    return neither, optimized, baseline, both
