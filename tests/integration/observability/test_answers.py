"""What the dashboards' queries find on a real Prometheus that knows a recorded run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.observability.boards import dashboards, families_in, panels, queries
from tests.integration.observability.record import RECORDED
from tests.integration.observability.record_assessed import ASSESSED, FAMILIES
from tests.integration.observability.recorded import Recorded, filled_in, lines_of, recorded
from tests.integration.observability.trial_picture import PICTURE, drawing


BOARDS = dashboards()
VALUES = {"$__rate_interval": "30s", "$__interval": "5s", "$__range": "5m", "$trial": "int8"}
SEVERAL = {"trial": ".+", "metric": ".+", "slice": ".+", "instance": ".+"}


@pytest.fixture(name="known", scope="module")
def _known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A Prometheus that knows a demo run."""
    with recorded(tmp_path_factory.mktemp("recorded")) as known:
        yield known


CASES = [(name, where, expr) for name, board in BOARDS.items() for where, expr in queries(board)]


@pytest.mark.parametrize(("name", "where", "expr"), CASES, ids=[f"{a}-{b}" for a, b, _ in CASES])
def test_every_query_has_something_to_show(
    name: str, where: str, expr: str, known: Recorded
) -> None:
    """On recorded data each panel, variable and annotation finds at least one series."""
    del name, where
    whole = filled_in(expr, plain=VALUES, several=SEVERAL)

    assert known.asked(whole), whole


def test_what_is_recorded_apart_is_what_the_demo_does_not_have() -> None:
    """The second recording adds families, and says nothing of those that the demo's run has."""
    demo, assessed = (families_in("\n".join(lines_of(file))) for file in (RECORDED, ASSESSED))

    assert assessed == {name.removeprefix("shadowmon_") for name in FAMILIES}
    assert not assessed & demo


INTERVAL = "$metric: its interval against its limits"


@pytest.mark.parametrize(("metric", "limit"), [("correct", 0.05), ("error", 0.01)])
def test_an_interval_that_says_nothing_yet_is_not_drawn(
    metric: str, limit: float, known: Recorded
) -> None:
    """What is drawn is no wider than six times its limit, so that the limit can be seen."""
    drawn = interval(known, metric)
    whole = values(known, f'shadowmon_evidence_upper{{trial="int8",metric="{metric}",slice="all"}}')

    assert drawn["upper"]
    assert all(drawn["upper"][at] - drawn["lower"][at] <= 6 * limit for at in drawn["upper"])
    assert drawn["estimate"].keys() == drawn["upper"].keys() <= whole.keys()
    assert max(drawn[end][at] for end in ("red line", "acceptable") for at in drawn[end]) == limit


def test_the_first_pairs_interval_is_too_wide(known: Recorded) -> None:
    """Of errors, whose limit is 1 %, the beginning is left out; all that follows is drawn."""
    drawn = interval(known, "error")["upper"]
    whole = values(known, 'shadowmon_evidence_upper{trial="int8",metric="error",slice="all"}')

    assert whole.keys() - drawn.keys()
    assert min(drawn) > min(whole)
    assert max(drawn) == max(whole)


def test_an_interval_without_a_limit_is_drawn_whole(known: Recorded) -> None:
    """Where nothing is asked of a figure no width is too much."""
    drawn = interval(known, "latency_excess")["upper"]
    whole = 'shadowmon_evidence_upper{trial="int8",metric="latency_excess",slice="all"}'

    assert drawn == values(known, whole)


def interval(known: Recorded, metric: str) -> dict[str, dict[float, float]]:
    """Return what the panel of one metric draws: legend -> time -> value."""
    (panel,) = (each for each in panels(BOARDS["trial"]) if each["title"] == INTERVAL)
    several = {**SEVERAL, "metric": metric, "slice": "all"}
    return {
        target["legendFormat"]: values(
            known, filled_in(target["expr"], plain=VALUES, several=several)
        )
        for target in panel["targets"]
    }


def values(known: Recorded, expr: str) -> dict[float, float]:
    """Return time -> value of the one series that a query finds; nothing if there is none."""
    found = known.asked(expr)
    assert len(found) <= 1, expr
    return {float(at): float(value) for each in found for at, value in each["values"]}


def test_the_readmes_picture_is_of_the_recorded_run(known: Recorded) -> None:
    """What the picture shows is what a real Prometheus answers to the panels' queries."""
    again = "draw it again: python -m tests.integration.observability.trial_picture"

    assert drawing(known) == PICTURE.read_text(), again


def test_record_is_small() -> None:
    """What was recorded may lie in the repository."""
    assert RECORDED.stat().st_size + ASSESSED.stat().st_size < 300_000
