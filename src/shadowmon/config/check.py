"""
What no single key can say: rules that hold between keys.

Each kind of rule is a file of its own; each complaint names the key to change and the one that it
clashes with. All of them are found in one go.
"""

from __future__ import annotations

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


def check(settings: Settings) -> tuple[Complaint, ...]:
    """Return everything that is wrong between the keys of settings that are right one by one."""
    return (
        *references(settings),
        *listeners(settings),
        *patterns(settings),
        *limits(settings),
        *proxying(settings),
        *measures(settings),
        *sampling(settings),
        *tracing(settings),
    )
