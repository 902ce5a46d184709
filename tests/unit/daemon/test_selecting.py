"""Which exchanges are drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.funnel import Passage
from shadowmon.daemon.selecting import Selecting
from shadowmon.daemon.watched import Watched
from shadowmon.ipc.board import Board
from shadowmon.mirror.dispatch import Dispatcher
from shadowmon.records import EVERYTHING, ExchangeId, SliceName
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.codecs.openai import OpenAI
from tests.factories import an_exchange


SETTINGS = Settings.model_validate(
    {
        "models": {"base": {"url": "http://models:80"}},
        "routes": {"chat": {"baseline": "base", "sample_rate": 0.1}},
        "traffic": {
            "slices": {
                "vip": {"header": "x-vip", "sample_rate": 0.4},
                "rare": {"header": "x-rare", "sample_rate": 0.00001},
            }
        },
    }
)


def drawn(*slices: str, first_rate: float = 0.4) -> tuple[int, set[int], float]:
    """Offer 4,000 exchanges of these slices: how many are drawn, at which rates, how many not?"""
    board, tallies = Board.create(), Tallies()
    selecting = Selecting(SETTINGS, board)
    route = Watched(
        settings=SETTINGS.routes["chat"],
        codec=OpenAI({}),
        dispatcher=Dispatcher({}),
        trials=(),
        first_rate=first_rate,
    )
    exchange = an_exchange(slices=frozenset({EVERYTHING, *map(SliceName, slices)}))
    rates = []
    for number in range(4000):
        each = replace(exchange, id=ExchangeId(f"x-{number}"))
        passage = Passage(tallies, each, ())
        rates.append(selecting.drawn(each, route, passage))
        passage.close()
    board.close()
    sampled_out = tallies.total("exchanges_total", "mirror", "sampled_out")
    found = [rate for rate in rates if rate]
    return len(found), set(found), sampled_out


def test_a_share_of_what_came_here_is_drawn() -> None:
    """Of four in ten that are handed over one in four is drawn, and told at the route's rate."""
    count, rates, sampled_out = drawn()

    assert count == pytest.approx(1000, abs=110)  # four standard deviations
    assert rates == {1000}
    assert sampled_out == 4000 - count


def test_a_slice_of_its_own_rate() -> None:
    """Whoever is in a slice that is sampled more often is drawn by the slice's rate."""
    assert drawn("vip") == (4000, {4000}, 0)


def test_a_rate_below_a_basis_point() -> None:
    """What was drawn is never told at rate 0: it would weigh infinitely much."""
    tiny = SETTINGS.routes["chat"].model_copy(update={"sample_rate": 0.0})
    board = Board.create()
    route = Watched(
        settings=tiny, codec=OpenAI({}), dispatcher=Dispatcher({}), trials=(), first_rate=1e-5
    )
    exchange = an_exchange(slices=frozenset({EVERYTHING, SliceName("rare")}))

    assert Selecting(SETTINGS, board).drawn(exchange, route, Passage(Tallies(), exchange, ())) == 1
    board.close()
