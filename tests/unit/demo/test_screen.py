"""What a person sees while the story runs."""

from __future__ import annotations

import io

from datetime import UTC, datetime

from rich.console import Console

from shadowmon.demo.journal import Line
from shadowmon.demo.screen import Screen


BEGUN = datetime.fromtimestamp(0, UTC)


def a_line(number, kind, sentence, trial="int8", **data):
    """Return a journal line; its number is its second."""
    moment = datetime.fromtimestamp(number, UTC)
    return Line(number=number, at=moment, trial=trial, kind=kind, sentence=sentence, data=data)


def told(*lines, live=True):
    """Return what a stream that is no terminal gets."""
    stream = io.StringIO()
    with Screen(Console(file=stream, width=40), live=live) as screen:
        screen.show({}, {"trials": []})
        screen.tell(lines, begun=BEGUN)
    return stream.getvalue().splitlines()


def test_one_line_for_each_change_where_there_is_no_terminal():
    """A log gets plain lines with the time and the trial, however long, and no picture."""
    assert told(a_line(2, "weight_applied", "int8 now has 1 % of route digits")) == [
        "   2.0 s  int8: int8 now has 1 % of route digits"
    ]


def test_verdict_that_the_next_line_repeats_is_not_told_twice():
    """A move says why: the verdict before it is left out, one without a move is told."""
    lines = told(
        a_line(1, "verdict", "hold: wait"),
        a_line(2, "verdict", "promote: proven"),
        a_line(3, "stage_entered", "climbed to 1 %: promote: proven", move="climb"),
        a_line(4, "verdict", "promote: proven", trial="int4"),
        a_line(5, "stage_entered", "climbed to 10 %", move="climb"),
    )

    assert [line.partition(": ")[2] for line in lines] == [
        "hold: wait",
        "climbed to 1 %: promote: proven",
        "promote: proven",
        "climbed to 10 %",
    ]


def test_a_phase_that_a_demo_never_has_is_not_told():
    """What is left out of every trial alike is no news: the story begins with the trial."""
    lines = told(
        a_line(0, "trial_opened", "int8 against fp32"),
        a_line(0, "phase_skipped", "benchmark: skipped", phase="benchmark"),
    )

    assert [line.partition(": ")[2] for line in lines] == ["int8 against fp32"]


def test_markup_in_a_sentence_is_text():
    """A sentence is shown as it is, whatever it contains."""
    assert told(a_line(1, "operation", "[bold]x[/] \x1b[2J")) == [
        "   1.0 s  int8: [bold]x[/] \\x1b[2J"
    ]
