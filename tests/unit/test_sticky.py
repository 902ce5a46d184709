"""A sticky, salted place on the line of basis points."""

from __future__ import annotations

from scipy.stats import chisquare

from shadowmon.sticky import SPAN, place


KEYS = [f"user-{number}".encode() for number in range(20_000)]


def test_the_same_key_always_has_the_same_place():
    """Places are kept across versions: users must not move with an upgrade."""
    assert [place(b"salt", key) for key in KEYS[:4]] == [4254, 2973, 7823, 7729]


def test_raising_a_share_moves_keys_one_way_only():
    """Whoever is served at 1 % is still served at 10 %."""
    one = {key for key in KEYS if place(b"salt", key) < 100}
    ten = {key for key in KEYS if place(b"salt", key) < 1_000}

    assert one < ten


def test_places_are_uniform():
    """Each tenth of the line has its tenth of the keys."""
    tenths = [0] * 10
    for key in KEYS:
        tenths[place(b"salt", key) * 10 // SPAN] += 1

    assert chisquare(tenths).pvalue > 1e-3


def test_another_salt_is_an_independent_line():
    """The sample that is mirrored is no subset of one arm."""
    sampled = [key for key in KEYS if place(b"sampling", key) < 5_000]
    share = sum(place(b"rollout", key) < 5_000 for key in sampled) / len(sampled)

    assert abs(share - 0.5) < 4 * (0.25 / len(sampled)) ** 0.5
