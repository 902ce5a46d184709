"""The weights that a new generation of processes begins with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.carrying import carry_weights
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.records import Weight


OLD, NEW = "http://127.0.0.1:9002", "http://127.0.0.1:9003"


def settings_of(*trials: str, int8: str = OLD, **more: Any) -> Settings:
    """Return settings with these trials of one route; `more` is told of each of them."""
    return Settings.model_validate(
        {
            "models": {"fp16": {"url": "http://127.0.0.1:9001"}, "int8": {"url": int8}},
            "routes": {"chat": {"baseline": "fp16"}},
            "trials": {
                name: {"route": "chat", "optimized": "int8", "task": "custom", **more}
                for name in trials
            },
        }
    )


@pytest.fixture
def pages() -> Iterator[tuple[Board, Board]]:
    """Two pages; on the old one the trial in the first place has half of the traffic."""
    old, new = Board.create(), Board.create()
    old.set_trial(0, TrialCell.WEIGHT, 5_000)
    yield old, new
    old.close()
    new.close()


def test_a_reload_takes_no_users_away(pages: tuple[Board, Board]) -> None:
    """A trial that did not change begins with the weight that it had, before anybody decides."""
    carry_weights(settings_of("a"), pages[0], settings_of("a"), pages[1])

    assert pages[1].weight(0) == Weight(5_000)


def test_a_weight_follows_its_trial(pages: tuple[Board, Board]) -> None:
    """Trials are told apart by their names: a place may be another one's after a reload."""
    carry_weights(settings_of("a", "b"), pages[0], settings_of("new", "b", "a"), pages[1])

    assert [pages[1].weight(place) for place in range(3)] == [Weight(0), Weight(0), Weight(5_000)]


@pytest.mark.parametrize(
    "after", [settings_of("a", version="2"), settings_of("a", int8=NEW)], ids=["version", "model"]
)
def test_another_model_begins_with_nothing(pages: tuple[Board, Board], after: Settings) -> None:
    """A weight was proven of one model in one version, and is no other one's."""
    carry_weights(settings_of("a"), pages[0], after, pages[1])

    assert pages[1].weight(0) == Weight(0)


def test_a_trial_that_is_gone_leaves_nothing_behind(pages: tuple[Board, Board]) -> None:
    """The weight of a trial that is not configured any more is nobody's."""
    carry_weights(settings_of("a"), pages[0], settings_of("b"), pages[1])

    assert pages[1].weight(0) == Weight(0)
