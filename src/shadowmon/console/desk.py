"""Desk protocol: all that the console may ask of the daemon behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shadowmon.records import Label, Operation, RolloutState, TrialId
from shadowmon.store.store import Row
from shadowmon.view import DaemonView


class Desk(Protocol):
    """The daemon, as seen from the console."""

    def view(self) -> DaemonView:
        """Return the newest picture."""
        ...

    async def ask(
        self,
        trial_id: TrialId,
        operation: Operation,
        *,
        operator: str,
        reason: str,
        evidence: int | None = None,
    ) -> RolloutState:
        """
        Do what a person asks, journal it, and return where the trial stands then.

        Args:
            trial_id: Which trial.
            operation: What.
            operator: Who.
            reason: Why.
            evidence: To loosen: the journal entry of a verdict that supports it; None overrides.

        Raises:
            RefusedError: If it may not be done now; the message says why.
            KeyError: If there is no such trial.
            StoreError: If it must not be done without the journal, and the journal is down.

        """
        ...

    def label(self, labels: Sequence[Label]) -> int:
        """Take labels in; return how many of them are of an exchange that waits for one."""
        ...

    async def journal(
        self, *, trial_id: TrialId | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """
        Return the newest journal entries first.

        Raises:
            StoreError: If they cannot be read.

        """
        ...

    async def reload(self) -> None:
        """
        Load the configuration again, whole or not at all.

        Raises:
            ConfigError: If it cannot be used; the old one stays.

        """
        ...
