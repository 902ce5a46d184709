"""The story's tables, as a terminal shows them."""

from __future__ import annotations

import math

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from shadowmon.demo.journal import Line
from shadowmon.demo.prepare import Model
from shadowmon.demo.seen import Seen, Window
from shadowmon.demo.tables import decisions_table, models_table, seen_table


BEGUN = datetime.fromtimestamp(0, UTC)


def shown(table):
    """Return a table's rows as a wide terminal shows them, their cells parted by single spaces."""
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines() if line.strip()]


def test_decisions_fit_a_terminal():
    """The widest figures that come up still fit into 80 cells, uncut."""
    reason = a_reason("core_quality", "red_line", estimate=-0.0061, lower=-0.0088, upper=-0.0011)
    reason |= {"count": 99_999, "log_e_needed": math.log(100), "claim": {"limit": 0.075}}
    data = {"decision": "roll_back", "log_e_roll_back": 50.0, "reasons": [reason]}
    lines = [a_line(1, "verdict", **data), a_line(88, "stage_entered", move="climb", weight=10_000)]
    console = Console(width=80, color_system=None)

    with console.capture() as capture:
        console.print(decisions_table(lines, ["int8"], begun=BEGUN))

    assert "figure, % [band]" in capture.get()
    assert all(number in capture.get() for number in ("-0.61", "[-0.88,", "-0.11]"))
    assert "…" not in capture.get()


def a_line(number, kind, trial="int8", **data):
    """Return a journal line; its number is its second."""
    moment = datetime.fromtimestamp(number, UTC)
    return Line(number=number, at=moment, trial=trial, kind=kind, sentence="", data=data)


def a_reason(rule, grade, **changes):
    """Return a reason as it lies in a verdict's data."""
    return {
        "rule": rule,
        "grade": grade,
        "claim": {"limit": 0.05},
        "count": 300,
        "log_e_value": math.log(25),
        "log_e_needed": math.log(20),
        "estimate": 0.0012,
        "lower": -0.01,
        "upper": 0.02,
        **changes,
    }


def test_climb_shows_every_rule_that_it_took():
    """A climb's row has the figures of all proven rules of the climb, and of no other."""
    reasons = [
        a_reason("quality", "accept"),
        a_reason("errors", "accept", estimate=0.0, claim={"limit": 0.01}),
        a_reason("core_quality", "wait"),
    ]
    lines = [
        a_line(3, "verdict", decision="promote", log_e_roll_back=-1.0, reasons=reasons),
        a_line(4, "stage_entered", move="climb", weight=100),
    ]

    rows = shown(decisions_table(lines, ["int8"], begun=BEGUN))

    assert rows[2:] == [
        "4.0 int8 climb 1% quality 300 0.12 [-1.0, 2.0] 5% 25 of 20",
        "errors 300 0.0 [-1.0, 2.0] 1% 25 of 20",
    ]


def test_roll_back_shows_the_average_that_decided():
    """A roll-back is decided on the average of all rules: that is the e-value shown."""
    lines = [
        a_line(
            1,
            "verdict",
            decision="roll_back",
            log_e_roll_back=math.log(500),
            reasons=[
                a_reason("core_quality", "red_line", log_e_needed=math.log(100), upper=0.9),
                a_reason("edge_slice", "red_line"),
            ],
        ),
        a_line(2, "stage_entered", move="drop", weight=0),
    ]

    rows = shown(decisions_table(lines, ["int8"], begun=BEGUN))

    assert rows[2:] == ["2.0 int8 drop 0% core_quality 300 0.12 [-1.0, 90.0] 5% 500 of 100"]


def test_sudden_change_is_marked():
    """Where all pairs together look good and a breach is proven, a note says by which pairs."""
    reason = a_reason("core_quality", "red_line", count=4000, upper=0.02)
    data = {"decision": "roll_back", "log_e_roll_back": 7.0, "reasons": [reason]}
    lines = [a_line(1, "verdict", **data), a_line(2, "stage_entered", move="drop", weight=0)]

    rows = shown(decisions_table(lines, ["int8"], begun=BEGUN))

    assert "core_quality* 4000" in rows[2]
    assert rows[3].startswith("* a sudden change: the estimate is of all pairs so far")


def test_trial_that_never_moved_shows_its_last_verdict():
    """What holds a trial where it is, is shown; what was never measured is no number."""
    reason = a_reason("quality", "wait", estimate=None, log_e_value=None, count=0)
    lines = [a_line(9, "verdict", trial="int4", decision="hold", reasons=[reason])]

    rows = shown(decisions_table(lines, ["int4"], begun=BEGUN))

    assert rows[2:] == ["9.0 int4 held quality 0 none yet 5% 0 of 20"]


def test_models_are_priced_against_the_first():
    """The cost side: bytes, and how they stand to the baseline's."""
    models = [
        Model(name="fp32", file=Path("f"), size_bytes=20_000, accuracy=0.97, loss=0.0),
        Model(name="int8", file=Path("i"), size_bytes=5_000, accuracy=0.9651, loss=0.005),
    ]

    rows = shown(models_table(models))

    assert rows[2:] == [
        "fp32 20,000 1.00 x 97.00% 0.0 %",
        "int8 5,000 0.25 x 96.51% 0.50 %",
    ]


def test_weight_that_users_did_not_get_stands_out():
    """A window that does not hold says NO."""
    window = Window(trial="int8", weight=0.5, begins=0, ends=1)
    seen = [
        Seen(window=window, asked=1000, answered=510, standard_error=0.016),
        Seen(window=window, asked=1000, answered=600, standard_error=0.016),
        Seen(window=window, asked=0, answered=0, standard_error=0.0),
    ]

    rows = shown(seen_table(seen))

    assert rows[2:] == [
        "int8 50% 1000 510 51.00% 4.80% yes",
        "int8 50% 1000 600 60.00% 4.80% NO",
        "int8 50% 0 0 none asked 0.00% too few to say",
    ]
