"""What a trial's plan takes from the settings."""

from __future__ import annotations

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.build import trial_plans
from shadowmon.records import Record
from shadowmon.trial.trial import Trial
from tests.factories import NOON


def the_plan(**sections):
    """Return the plan of one trial; whole sections of the settings may be given."""
    tree = {
        "models": {name: {"url": "http://127.0.0.1:1"} for name in ("fp32", "int8")},
        "routes": {"digits": {"baseline": "fp32", "codec": "json"}},
        "trials": {"int8": {"route": "digits", "optimized": "int8", "task": "classification"}},
    }
    return trial_plans(Settings.model_validate(tree | sections))[0]


@pytest.mark.parametrize(
    ("sections", "epoch", "said"),
    [
        ({"mirror": {"queue_max": 5}}, 1, []),
        (
            {"scoring": {"slow_quantile": 0.5, "slow_rise": 0.2}},
            2,
            ["observations mean something else now: scoring.slow_quantile, scoring.slow_rise"],
        ),
        (
            {"routes": {"digits": {"baseline": "fp32", "codec": "json", "sample_rate": 0.5}}},
            2,
            ["limits or bets were changed"],
        ),
    ],
)
def test_a_trial_goes_on_only_if_its_pairs_mean_what_they_meant(sections, epoch, said):
    """Settings that were changed while the daemon was down are held against the snapshot's."""
    trial, _ = Trial.open(the_plan(), now=NOON)

    again, commands = Trial.restore(the_plan(**sections), trial.snapshot(), now=NOON)

    entries = [each.entry for each in commands if isinstance(each, Record)]
    assert again.memory.state.epoch == epoch
    assert [each.sentence.partition(": ")[2] for each in entries] == said
