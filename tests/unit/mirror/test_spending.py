"""A day's sums, shared by processes and remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from structlog.testing import capture_logs

from shadowmon.clock import SystemClock
from shadowmon.mirror.budget import Day, Spent
from shadowmon.mirror.spending import Spending
from shadowmon.records import ModelName


INT8 = ModelName("int8")


class Held(SystemClock):
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, 23, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def a_worker(path: Path, clock: Held) -> tuple[Day, Spending]:
    day = Day()
    spending = Spending(day, path, clock)
    spending.share()
    return day, spending


def test_workers_add_up(tmp_path: Path) -> None:
    """Each knows what all of them spent once both have told, and nothing is counted twice."""
    clock = Held()
    ann, shares = a_worker(tmp_path / "spent", clock)
    ben, shares_too = a_worker(tmp_path / "spent", clock)
    ann.spend(INT8, Spent(10, 0.5))
    ben.spend(INT8, Spent(20, 0.25))
    for each in (shares, shares_too, shares, shares):
        each.share()

    assert ann.spent(INT8) == ben.spent(INT8) == Spent(30, 0.75)


def test_a_restart_remembers(tmp_path: Path) -> None:
    """A process that is started anew goes on with the day's sums."""
    clock = Held()
    day, spending = a_worker(tmp_path / "spent", clock)
    day.spend(INT8, Spent(10))
    spending.share()

    assert a_worker(tmp_path / "spent", clock)[0].spent(INT8) == Spent(10)


def test_a_new_day_forgets(tmp_path: Path) -> None:
    """At midnight (UTC) the sums begin anew, in the process and in the file."""
    clock = Held()
    day, spending = a_worker(tmp_path / "spent", clock)
    day.spend(INT8, Spent(10))
    spending.share()
    clock.at += timedelta(hours=2)
    spending.share()

    assert day.spent(INT8) == Spent()
    assert a_worker(tmp_path / "spent", clock)[0].spent(INT8) == Spent()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"day": "2026-01-01"}', "null"])
def test_a_file_that_is_none_of_ours(tmp_path: Path, content: str) -> None:
    """Whatever is in the file, the sums begin anew and are told."""
    (tmp_path / "spent").write_text(content)
    day, spending = a_worker(tmp_path / "spent", Held())
    day.spend(INT8, Spent(10))
    spending.share()

    assert a_worker(tmp_path / "spent", Held())[0].spent(INT8) == Spent(10)


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """The caps hold for this process then, and the log says so once."""
    with capture_logs() as logged:
        day, spending = a_worker(tmp_path / "no" / "folder", Held())
        day.spend(INT8, Spent(10))
        spending.share()

    assert day.spent(INT8) == Spent(10)
    assert [each["event"] for each in logged] == ["mirror.spending_not_shared"]
