"""
By what share users were divided at a moment, as far as it is known.

A weight that is wanted takes its time to come into force, and meanwhile nobody knows who serves how
many. What a user says may come long afterwards: it counts by the share that was in force when they
were served.

Rule 1: a share counts from when it was read back until another one is wanted, or found.
Rule 2: bounded: of each trial the last changes are known, and what was before is not.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime

from shadowmon.records import RolloutState, TrialId, Weight


CHANGES_MAX = 64


class Shares:
    """The weights that were in force, and since when."""

    def __init__(self) -> None:
        self._changes: defaultdict[TrialId, deque[tuple[datetime, Weight | None]]] = defaultdict(
            lambda: deque(maxlen=CHANGES_MAX)
        )
        """Oldest first; None: from then on it was not known."""

    def note(self, state: RolloutState, now: datetime) -> None:
        """Take in where a trial stands, before anything else is asked of its actuator."""
        in_force = state.applied_weight == state.desired_weight
        share = state.desired_weight if in_force else None
        changes = self._changes[state.trial_id]
        if not changes or changes[-1][1] != share:
            changes.append((now, share))

    def at(self, trial_id: TrialId, moment: datetime | None) -> Weight | None:
        """Return the share of a moment, or of now; None if it is not known."""
        for since, share in reversed(self._changes[trial_id]):
            if moment is None or since <= moment:
                return share
        return None
