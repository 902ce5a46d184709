"""How long a receiver that fails is left alone."""

from __future__ import annotations

import pytest

from shadowmon.notify.backoff import FIRST_SECONDS, LONGEST_SECONDS, delay


@pytest.mark.parametrize("tries", range(1, 12))
def test_it_doubles_within_bounds(tries):
    """Each delay is between the doubled one and one and a half of it, and has an end."""
    whole = min(FIRST_SECONDS * 2 ** (tries - 1), LONGEST_SECONDS)

    assert whole <= delay(tries, seed="a") < 1.5 * whole


def test_the_same_seed_waits_the_same():
    """Chance is drawn from the id: a story can be told again, and two messages differ."""
    assert delay(3, seed="a") == delay(3, seed="a") != delay(3, seed="b")


def test_after_very_many_tries():
    """No number of tries is too large."""
    assert delay(10**9, seed="a") < 1.5 * LONGEST_SECONDS


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(30.0, 30.0, 45.0), (1e9, LONGEST_SECONDS, 1.5 * LONGEST_SECONDS)]
)
def test_what_a_receiver_asks_for(asked, least, most):
    """Retry-After is kept, up to the longest delay."""
    assert least <= delay(1, seed="a", asked=asked) <= most
