"""GateDesk protocol: what gates may read and ask of the daemon; console/desk.py has it all."""

from __future__ import annotations

from typing import Protocol

from shadowmon.records import Operation, RolloutState, TrialId
from shadowmon.view import DaemonView


class GateDesk(Protocol):
    """The daemon, as seen by other controllers."""

    def view(self) -> DaemonView:
        """Return the newest picture."""
        ...

    async def ask(
        self, trial_id: TrialId, operation: Operation, *, operator: str, reason: str
    ) -> RolloutState:
        """
        Do what a person asks, and journal it.

        Raises:
            RefusedError: If it may not be done now.
            KeyError: If there is no such trial.
            StoreError: If it must not be done without the journal, and the journal is down.

        """
        ...
