"""
What no single key can say: rules that hold between keys.

Each kind of rule is a file of its own; each complaint names the key to change and the one that it
clashes with. All of them are found in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from shadowmon.config.limits import limits
from shadowmon.config.listeners import listeners
from shadowmon.config.measures import measures
from shadowmon.config.patterns import patterns
from shadowmon.config.proxying import proxying
from shadowmon.config.references import references
from shadowmon.config.sampling import sampling
from shadowmon.config.settings import Settings
from shadowmon.config.tracing import tracing
from shadowmon.errors import Complaint


Rule: TypeAlias = Callable[[Settings], Iterable[Complaint]]

RULES: tuple[Rule, ...] = (
    references,
    listeners,
    patterns,
    limits,
    proxying,
    measures,
    sampling,
    tracing,
)
BY_THEMSELVES: frozenset[Rule] = frozenset({references, patterns, tracing})
"""What they name without its section (a model, a choice) may be wrong in itself all the same."""
_MEASURED = ("trials", "routes", "scoring", "assessors", "evidence", "traffic.slices")
TOGETHER: Mapping[Rule, Sequence[str]] = {
    proxying: ("models", "routes", "trials", "proxy"),
    measures: _MEASURED,
    sampling: _MEASURED,
}
"""What they complain of follows from all that stands in these sections together."""


def check(settings: Settings) -> tuple[Complaint, ...]:
    """Return everything that is wrong between the keys of settings that are right one by one."""
    return tuple(complaint for rule in RULES for complaint in rule(settings))
