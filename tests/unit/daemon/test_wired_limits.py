"""Limits of the configuration, where they take effect in a scoring worker."""

from __future__ import annotations

import math

import pytest

from shadowmon.clock import SystemClock
from shadowmon.config.settings import Settings
from shadowmon.daemon.intake import Intake
from shadowmon.daemon.shadowing import Shadowing
from shadowmon.daemon.split_check import SplitCheck
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.mirror.pairing import TrialRef
from shadowmon.records import ModelName, TrialId
from shadowmon.telemetry.tallies import Tallies
from tests.factories import an_exchange


REF = TrialRef(
    trial_id=TrialId("int8"),
    baseline=ModelName("fp16"),
    optimized=ModelName("int8"),
    epoch=1,
    stage=1,
)


def the_settings(*, route=None, **more):
    return Settings.model_validate(
        {
            "models": {
                "fp16": {"url": "http://127.0.0.1:9001"},
                "int8": {"url": "http://127.0.0.1:9002"},
            },
            "routes": {"chat": {"baseline": "fp16", **(route or {})}},
            "trials": {
                "int8": {
                    "route": "chat",
                    "optimized": "int8",
                    "task": "custom",
                    "actuator": "proxy",
                }
            },
            **more,
        }
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_route_s_shadow_calls_are_shared_by_all_workers(workers):
    """Each admits its part of `shadow_calls_per_second`: two calls for each pair."""
    settings = the_settings(
        route={"shadow_calls_per_second": 8}, scoring={"workers": workers}, store={"path": "none"}
    )
    admission = Shadowing(settings, SystemClock(), Tallies()).admission

    admitted = [admission.admit(an_exchange(), [REF]) for _ in range(8)]

    assert sum(bool(each.refs) for each in admitted) == 4 // workers
    assert admitted[-1].refused[0].reason == "route_calls_per_second"


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_how_sure_one_must_be_that_a_split_is_off(alpha):
    """A split is called off once the evidence against it is 1 / `sample_ratio_alpha`."""
    tallies, board = Tallies(), Board.create()
    settings = the_settings(mirror={"sample_ratio_alpha": alpha})
    try:
        SplitCheck(settings, board, SystemClock(), tallies).set_gauges()
    finally:
        board.close()

    (needed,) = (
        each.value for each in tallies.gauges() if each.name == "sample_ratio_log_e_needed"
    )
    assert needed == pytest.approx(-math.log(alpha))


async def test_a_waiting_line_is_bounded_in_bytes():
    """Beyond `queue_bytes_max` an exchange is shed, however short the line."""
    board = Board.create()
    board.set_trial(0, TrialCell.ACTIVE, 1)
    try:
        settings = the_settings(mirror={"queue_bytes_max": 4_096})
        intake = Intake.build(settings, board, SystemClock())
        for _ in range(3):
            intake.offer(an_exchange(b"x" * 3_000))
    finally:
        board.close()

    assert intake.tallies.total("trial_exchanges_total", "int8", "shed") == 2
