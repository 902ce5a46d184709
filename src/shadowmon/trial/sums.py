"""What was counted, stage by stage, added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np

from shadowmon.evidence import outcomes
from shadowmon.evidence.sampling import Accounts
from shadowmon.policy.rules import Rule
from shadowmon.records import Cell, Claim, Counts, MetricName, SliceName


Sums: TypeAlias = Mapping[tuple[MetricName, SliceName], Accounts]
"""What was counted of each metric and slice, at each sampling rate."""


def cell_of(claim: Claim) -> tuple[MetricName, SliceName]:
    """Say where a claim is counted."""
    return claim.metric, claim.slice


def sums(totals: Mapping[Cell, Counts], wanted: Callable[[Cell], bool]) -> Sums:
    """Add up the stages of each (metric, slice), rate by rate."""
    parts: defaultdict[tuple[MetricName, SliceName], defaultdict[int, list[Counts]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for cell, counts in totals.items():
        if wanted(cell):
            parts[cell.metric, cell.slice][cell.rate].append(counts)
    return {key: {rate: _add(many) for rate, many in rates.items()} for key, rates in parts.items()}


def _add(many: Iterable[Counts]) -> Counts:
    first, *rest = many
    if not rest:
        return first
    return tuple(np.array([first, *rest], dtype=np.int64).sum(axis=0).tolist())


def alone(summed: Sums, rule: Rule) -> int:
    """Count the pairs in which only the optimized model crossed a tripwire."""
    accounts = summed.get(cell_of(rule.claim), {}).values()
    return sum(account[outcomes.OPTIMIZED_ONLY] for account in accounts)
