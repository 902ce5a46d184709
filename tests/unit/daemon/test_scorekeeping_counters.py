"""What scorekeeping shows before anything happened."""

from __future__ import annotations

from shadowmon.clock import SystemClock
from shadowmon.config.settings import Settings
from shadowmon.daemon.scorekeeping import Scorekeeper
from shadowmon.ipc.report import Tally
from shadowmon.telemetry.tallies import Tallies


def test_every_scorer_is_counted_from_the_start():
    """A scorer that never failed has failed 0 times: a rate over its first failure sees it."""
    tallies = Tallies()
    Scorekeeper(
        settings=Settings.model_validate(
            {
                "models": {
                    "fp16": {"url": "http://127.0.0.1:9001"},
                    "int8": {"url": "http://127.0.0.1:9002"},
                },
                "routes": {"chat": {"baseline": "fp16"}},
                "trials": {
                    "int8": {"route": "chat", "optimized": "int8", "task": "classification"}
                },
            }
        ),
        clock=SystemClock(),
        metrics={},
        tallies=tallies,
    )

    told = [tally for tally in tallies.snapshot() if tally.name == "scorer_failures_total"]

    assert Tally(name="scorer_failures_total", labels=("label",), value=0.0) in told
    assert all(tally.value == 0.0 for tally in told)
