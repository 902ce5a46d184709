"""Tightening is free; loosening is found, named, and kept out of force."""

from __future__ import annotations

import pytest

from shadowmon.policy.loosening import loosened, tightest
from shadowmon.policy.settings import PolicySettings, RedLineSettings, Safety
from tests.trials import a_plan


def rules(**changes):
    return a_plan(policy=PolicySettings(**changes), edge=("rare",)).rules


NOW = rules(acceptable=0.03)
WITHOUT_SLICES = (
    RedLineSettings(name="core_quality", limit=0.05),
    *PolicySettings().red_lines[1:3],
)


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"acceptable": 0.03}, []),
        ({"acceptable": 0.02}, []),
        ({"acceptable": 0.03, "review_factor": 1.2}, []),
        (
            {"acceptable": 0.04},
            [
                f"{name} (correct): a relative drop of {was} % would become "
                f"a relative drop of {now} %"
                for name, was, now in (
                    ("quality", 3.0, 4.0),
                    ("review", 3.0, 4.0),
                    ("borderline", 4.5, 6.0),
                    ("reject", 4.5, 6.0),
                )
            ],
        ),
        (
            {"acceptable": 0.03, "safety": Safety.EVIDENCE},
            ["safety (unsafe): any rise would only red_line"],
        ),
        (
            {"acceptable": 0.03, "red_lines": WITHOUT_SLICES},
            [
                (
                    "edge_slice (correct in slice rare): a relative drop of 20.0 % "
                    "would be asked no more"
                )
            ],
        ),
    ],
)
def test_every_rule_that_would_ask_less_is_named(changes, sentences):
    """Limits, modes and rules that are gone; what became stricter is not."""
    assert [change.sentence for change in loosened(NOW, rules(**changes))] == sentences


def test_what_is_looser_stays_as_it_was_and_what_is_tighter_takes_effect():
    """The tightest of both is in force until somebody may loosen."""
    wanted = rules(acceptable=0.04, error_rise_acceptable=0.005)
    in_force = {rule.name: rule.claim.limit for rule in tightest(NOW, wanted) if rule.armed}

    assert in_force["quality"] == 0.03
    assert in_force["errors"] == 0.005
    assert loosened(NOW, tightest(NOW, wanted)) == ()


def test_a_rule_that_is_gone_is_still_asked():
    """To leave a red line out is to loosen it."""
    wanted = rules(acceptable=0.03, red_lines=())
    names = {rule.name for rule in tightest(NOW, wanted) if rule.armed}

    assert {"core_quality", "error_rate", "safety", "edge_slice"} <= names


def test_a_figure_of_production_supports_a_limit_above_its_interval():
    """The same figure in the same slice, with its whole interval below the new limit."""
    (quality, *_) = loosened(NOW, rules(acceptable=0.04))

    assert quality.after is not None
    assert quality.is_supported_by(quality.after.claim, 0.035)
    assert not quality.is_supported_by(quality.after.claim, 0.045)
    assert not quality.is_supported_by(quality.after.claim, None)
    (errors,) = [rule for rule in NOW if rule.name == "errors"]
    assert not quality.is_supported_by(errors.claim, 0.0)
