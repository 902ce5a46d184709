"""The configuration that the demo writes."""

from __future__ import annotations

import pytest
import yaml

from shadowmon.config.settings import Settings
from shadowmon.demo.configuration import MATURITY_SECONDS, DemoPlan, write_configuration
from shadowmon.demo.load import LABELS_EVERY_SECONDS, TRUTH_SECONDS
from shadowmon.mirror.settings import PriceSettings
from shadowmon.policy.settings import PolicySettings


MODELS = ("fp32", "int8", "int4", "int2")


def a_plan(folder):
    """Return a plan of four models."""
    return DemoPlan(
        folder=folder,
        models={name: f"http://127.0.0.1:{9000 + number}" for number, name in enumerate(MODELS)},
        size_bytes={"fp32": 20_084, "int8": 5_300, "int4": 2_836, "int2": 1_604},
        proxy="127.0.0.1:8080",
        console="127.0.0.1:8081",
    )


def test_file_is_a_whole_configuration(tmp_path):
    """What is written is what the daemon reads: three trials of one baseline on one route."""
    path = write_configuration(a_plan(tmp_path))

    settings = Settings.model_validate(yaml.safe_load(path.read_text()))
    assert [trial.optimized for trial in settings.trials.values()] == ["int8", "int4", "int2"]
    assert {trial.route for trial in settings.trials.values()} == {"digits"}
    assert [stage.percent for stage in settings.rollout.stages] == [1, 10, 50, 100]


def test_no_limit_is_made_for_the_demo(tmp_path):
    """Limits, red lines and error rates are the task's own defaults."""
    path = write_configuration(a_plan(tmp_path))

    written = yaml.safe_load(path.read_text())
    settings = Settings.model_validate(written)
    assert all(trial.policy == PolicySettings() for trial in settings.trials.values())
    assert "evidence" not in written


def test_price_goes_by_size(tmp_path):
    """A model's price stands to the baseline's as its bytes do."""
    path = write_configuration(a_plan(tmp_path))

    models = Settings.model_validate(yaml.safe_load(path.read_text())).models
    prices = [(models[name].price or PriceSettings()).per_request for name in MODELS]
    assert prices[1] / prices[0] == pytest.approx(5_300 / 20_084)


def test_every_truth_is_told_before_it_is_counted():
    """The slowest label comes well before its pair's maturity."""
    assert TRUTH_SECONDS[1] + LABELS_EVERY_SECONDS < MATURITY_SECONDS * 0.75
