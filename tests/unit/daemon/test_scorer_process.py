from __future__ import annotations

import pytest

from shadowmon.daemon.scorer_process import build_panels
from shadowmon.errors import ConfigError
from shadowmon.scoring.settings import ScoringSettings


SETTINGS = ScoringSettings()


def test_each_trial_gets_its_own_scorers():
    """A trial's panel declares the metrics of the scorers that it names, and no others."""
    panels = build_panels({"int8": ["label"], "int4": ["label", "fields"]}, SETTINGS)
    assert set(panels["int8"].metrics) == {"disagreement", "probability_divergence"}
    fields = {"field_divergence", "partial_field_divergence", "inexact_fields"}
    assert set(panels["int4"].metrics) == {*panels["int8"].metrics, *fields}


def test_unknown_scorer_is_refused():
    """A name that no scorer has is refused with those that there are."""
    with pytest.raises(ConfigError, match='no scorer is called "vision"'):
        build_panels({"int8": ["vision"]}, SETTINGS)


def test_class_can_be_named_outright():
    """A test names a scorer of its own by module and class."""
    panels = build_panels({"int8": ["tests.misbehaving:Misbehaves"]}, SETTINGS)
    assert set(panels["int8"].metrics) == {"behaviour"}


def test_scorer_that_refuses_its_settings_is_told_on():
    """What a scorer says about its settings goes through."""
    with pytest.raises(ValueError, match="unsafe_patterns"):
        build_panels({"int8": ["safety"]}, ScoringSettings(unsafe_patterns=("(",)))
