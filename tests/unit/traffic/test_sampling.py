"""Which exchanges are watched."""

from __future__ import annotations

import pytest

from shadowmon import sticky
from shadowmon.records import ExchangeId
from shadowmon.traffic.sampling import Sampling


IDS = [ExchangeId(f"x-{number}") for number in range(4_000)]


def kept(rate: float, salt: str = "salt") -> set[ExchangeId]:
    sampling = Sampling(salt)
    return {one for one in IDS if sampling.is_kept(one, rate)}


def test_ends() -> None:
    """Nothing is kept at 0, and everything at 1."""
    assert not kept(0.0)
    assert kept(1.0) == set(IDS)


def test_share() -> None:
    """The kept share is the rate, within what chance allows."""
    assert len(kept(0.25)) == pytest.approx(1_000, abs=110)


def test_raising_the_rate_keeps_what_was_kept() -> None:
    """A higher rate keeps all that a lower one kept."""
    assert kept(0.1) < kept(0.2)


def test_sample_is_no_subset_of_one_models_users() -> None:
    """Under another salt the sample is independent of the rollout's split."""
    split = {one for one in IDS if sticky.place(b"rollout", one.encode()) < 5_000}

    assert len(kept(0.25) & split) == pytest.approx(500, abs=80)


def test_tiny_rates_are_not_zero() -> None:
    """A rate under one basis point keeps one basis point, not nothing."""
    sampling = Sampling("salt")
    first = next(
        one for one in map(str, range(200_000)) if sticky.place(b"salt", one.encode()) == 0
    )

    assert sampling.is_kept(ExchangeId(first), 1e-9)


def test_any_id_has_a_place() -> None:
    """Ids that are no proper text are placed too."""
    assert Sampling("salt").is_kept(ExchangeId("\ud800"), 1.0)


def test_long_salt_is_refused() -> None:
    """A salt that is too long in bytes is refused at the start."""
    with pytest.raises(ValueError, match="sampling_salt has 80 bytes of UTF-8; at most 64"):
        Sampling("ü" * 40)
