"""An outage is told when it begins and when it is over, and not for each user who meets it."""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.proxy.reach import QUIET_SECONDS, Reach


class Watched:
    """An address with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.said: list[tuple[str, Mapping[str, str | float]]] = []
        self.reach = Reach(
            "base",
            "10.0.0.7:8000",
            clock=lambda: self.now,
            say=lambda event, fields: self.said.append((event, fields)),
        )

    def flap(self, times: int, *, seconds: float) -> None:
        """Fail, and be there again at once, every so many seconds."""
        for _ in range(times):
            self.reach.failed("refused")
            self.reach.succeeded()
            self.now += seconds


def test_an_outage_is_told_once_and_its_end_too():
    """With the model's name, the address, what the system said, and how long it took."""
    address = Watched()

    for _ in range(3):
        address.reach.failed("refused")
        address.now += 2.0
    for _ in range(3):
        address.reach.succeeded()

    names = {"model": "base", "address": "10.0.0.7:8000"}
    assert address.said == [
        ("proxy.model_unreachable", names | {"why": "refused"}),
        ("proxy.model_reachable", names | {"seconds": 6.0, "failures": 3}),
    ]


def test_nothing_is_told_of_an_address_that_works():
    """However often there is a new connection."""
    address = Watched()

    address.reach.succeeded()
    address.reach.succeeded()

    assert address.said == []


def test_one_that_comes_and_goes_is_told_once_a_minute():
    """A thousand short outages do not fill a disk."""
    address = Watched()

    address.flap(1000, seconds=QUIET_SECONDS / 500)

    assert [event for event, _ in address.said] == [
        "proxy.model_unreachable",
        "proxy.model_reachable",
    ] * 2


def test_an_outage_that_lasts_is_told_though_another_one_was_just_over():
    """Only later, when the address has been quiet for long enough."""
    address = Watched()
    address.flap(1, seconds=1.0)

    for _ in range(3):
        address.reach.failed("refused")
        address.now += QUIET_SECONDS / 2
    address.reach.succeeded()

    assert [event for event, _ in address.said][2:] == [
        "proxy.model_unreachable",
        "proxy.model_reachable",
    ]
    assert address.said[-1][1]["failures"] == 3
