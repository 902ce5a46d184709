"""Holds the models that users met against the weights on the board (mirror/sample_ratio.py)."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.watched import Watched, WatchedTrial
from shadowmon.ipc.board import Board
from shadowmon.mirror.sample_ratio import SampleRatio
from shadowmon.records import ALL_TRAFFIC, Exchange, TrialId
from shadowmon.telemetry.tallies import Tallies


log = structlog.get_logger()

_OUR_OWN = "proxy"
"""The source, and the actuator, of what our own proxy steers; no one else's split is known."""


class SplitCheck:
    """One scoring worker's tests, one for each trial that our proxy steers."""

    def __init__(self, settings: Settings, board: Board, clock: Clock, tallies: Tallies) -> None:
        self._board = board
        self._clock = clock
        self._tallies = tallies
        self._workers = settings.scoring.workers
        self._tests: Mapping[TrialId, SampleRatio] = {
            TrialId(name): SampleRatio(settings.mirror.sample_ratio_alpha)
            for name, trial in settings.trials.items()
            if trial.actuator_type == _OUR_OWN
        }
        self._warned: set[TrialId] = set()

    def take(self, exchange: Exchange, route: Watched, user: str) -> None:
        """Count which model an exchange's user met. `user` is empty where none is named."""
        chosen = exchange.failed_first or exchange.served
        if chosen is None or exchange.source != _OUR_OWN:
            return
        now = self._clock.now().timestamp()
        for trial in route.trials:
            test = self._tests.get(trial.trial_id)
            if test is None:
                continue
            is_chosen = chosen.model == trial.optimized
            weight = self._board.weight(trial.number) / ALL_TRAFFIC
            received_at = exchange.received_at.timestamp()
            if test.take(user, chosen=is_chosen, weight=weight, received_at=received_at, now=now):
                self._count(trial, test, is_chosen=is_chosen, weight=weight)

    def _count(
        self, trial: WatchedTrial, test: SampleRatio, *, is_chosen: bool, weight: float
    ) -> None:
        arm = "optimized" if is_chosen else "baseline"
        self._tallies.add("sample_ratio_users_total", trial.trial_id, arm)
        self._tallies.add("sample_ratio_expected_total", trial.trial_id, by=weight)
        if test.is_off and trial.trial_id not in self._warned:
            self._warned.add(trial.trial_id)
            log.warning("daemon.split_is_off", trial_id=trial.trial_id, weight=weight)

    def set_gauges(self) -> None:
        """
        Put the gauges of this moment among the tallies.

        Gauges of several workers are added up. A sum of logarithms, each divided by the number of
        workers, is the logarithm of the e-values' geometric mean: no more than their mean, and so
        an e-value itself, even if they saw the same users.
        """
        for trial_id, test in self._tests.items():
            self._tallies.set(
                "sample_ratio_log_e_value", trial_id, value=test.log_e_value / self._workers
            )
            self._tallies.set(
                "sample_ratio_log_e_needed", trial_id, value=test.needed / self._workers
            )
