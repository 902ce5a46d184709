from __future__ import annotations

import json
import math

import pytest

from shadowmon.evidence.events import Events, from_json, log_e_value, merge, to_json
from shadowmon.records import Side


def test_nothing_proves_nothing():
    """Without an event the e-value is 1."""
    assert log_e_value(Events(), rise=0.1) == pytest.approx(0)


def test_the_mean_factor_of_an_event_is_one_at_the_limit():
    """Over the coin that the limit makes of it, no bet gains; below the limit it loses."""
    share, rise = 2_500, 0.2
    odds = (1 + rise) * share / (10_000 - share)
    chance = odds / (1 + odds)
    ours, theirs = (
        math.exp(log_e_value(events, rise=rise))
        for events in (Events(optimized={share: 1}), Events(baseline={share: 1}))
    )

    assert chance * ours + (1 - chance) * theirs == pytest.approx(1)
    assert ours > 1 > theirs


def test_what_speaks_for_worse_speaks_against_better():
    """Fifty events to twenty at equal shares prove a rise, and are no proof of the opposite."""
    events = Events(optimized={5_000: 50}, baseline={5_000: 20})

    assert log_e_value(events, rise=0.0, side=Side.WORSE) > math.log(20)
    assert log_e_value(events, rise=0.0, side=Side.BETTER) < 0


def test_events_are_weighed_by_the_share_that_was_served():
    """Ten events each are no rise at equal shares, and a clear one at a tenth of the traffic."""
    equal, tenth = (
        log_e_value(Events(optimized={share: 10}, baseline={share: 10}), rise=0.1)
        for share in (5_000, 1_000)
    )

    assert equal < 0
    assert tenth > math.log(20)


def test_events_while_one_model_served_all_say_nothing():
    """At a share of 0 or 1 there is no comparison."""
    events = Events(optimized={10_000: 99}, baseline={0: 7})

    assert log_e_value(events, rise=0.1) == pytest.approx(0)


def test_replicas_add_up():
    """Accounts of replicas add by share, and survive JSON."""
    one, two = Events(optimized={100: 1}, baseline={100: 2}), Events(optimized={100: 3, 500: 1})

    both = merge([one, two])

    assert both == Events(optimized={100: 4, 500: 1}, baseline={100: 2})
    assert from_json(json.loads(json.dumps(to_json(both)))) == both


@pytest.mark.parametrize("rise", [-1.0, math.nan, math.inf])
def test_a_limit_that_is_no_rise_is_refused(rise):
    """The value is named."""
    with pytest.raises(ValueError, match=f"rise is {rise}, allowed is above -1"):
        log_e_value(Events(), rise=rise)
