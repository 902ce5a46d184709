"""Desk protocol: all that the console may ask of the daemon behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shadowmon.records import ExchangeId, Feedback, Label, Operation, RolloutState, TrialId
from shadowmon.rollout.freeze import Freeze, Hold
from shadowmon.store.store import Row
from shadowmon.trial.review import ReviewStanding
from shadowmon.view import DaemonView, GateResult, ReviewTask, Said


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
        expires_seconds: float | None = None,
    ) -> RolloutState:
        """
        Do what a person asks, journal it, and return where the trial stands then.

        Args:
            trial_id: Which trial.
            operation: What.
            operator: Who.
            reason: Why.
            evidence: To loosen: the journal entry of a verdict that supports it; None overrides.
            expires_seconds: To approve: for how long; None for as long as it takes.

        Raises:
            RefusedError: If it may not be done now; the message says why.
            KeyError: If there is no such trial.
            StoreError: If it must not be done without the journal, and the journal is down.

        """
        ...

    async def hold(self, hold: Hold, *, operator: str, reason: str) -> Freeze | None:
        """
        Freeze everything, or end that; journal it, and return what is frozen then.

        Raises:
            RefusedError: If it is so already.
            StoreError: If the end of a freeze cannot be journalled.

        """
        ...

    async def report(self, trial_id: TrialId, result: GateResult) -> RolloutState:
        """
        Take the result of a phase before the shadow, journal it, and go on or end by it.

        Raises:
            RefusedError: If the trial is in another phase.
            KeyError: If there is no such trial.
            StoreError: If it must not be done without the journal, and the journal is down.

        """
        ...

    async def next_review(
        self, trial_id: TrialId, reviewer: str
    ) -> tuple[ReviewTask | None, ReviewStanding]:
        """
        Return what a reviewer may compare next, and where the side by side stands.

        Raises:
            RefusedError: If the trial hands out no comparisons now.
            KeyError: If there is no such trial.

        """
        ...

    async def prefer(
        self, trial_id: TrialId, *, task: ExchangeId, reviewer: str, said: Said
    ) -> ReviewStanding:
        """
        Take a reviewer's word; what it proves passes, or ends, the side by side.

        Raises:
            RefusedError: If it is not due: another phase, task or reviewer, or said before.
            KeyError: If there is no such trial.
            StoreError: If it cannot be remembered.

        """
        ...

    def label(self, labels: Sequence[Label]) -> int:
        """Take labels in; return how many of them are of an exchange that waits for one."""
        ...

    def feel(self, feedback: Sequence[Feedback]) -> Mapping[str, int]:
        """
        Take in what users said.

        Returns:
            How many were counted, are of no reply that is known, of a stage that is over, or were
            given before: accepted, unknown, stale, repeated.

        """
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
