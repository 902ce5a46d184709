"""The picture for low terminals."""

from __future__ import annotations

from rich.console import Console

from shadowmon.demo.brief import brief


def a_figure(**changes):
    """Return a figure as the API tells it."""
    return {
        "metric": "correct",
        "slice": "all",
        "estimate": 0.012,
        "lower": 0.002,
        "upper": 0.021,
        **changes,
    }


def a_trial(**changes):
    """Return a trial as the API tells it."""
    return {
        "id": "int8",
        "phase": "progressing",
        "primary": "correct",
        "applied_weight": {"basis_points": 1000, "percent": 10.0},
        "pairs": 1234,
        "roll_back": {"percent_of_need": 12.4},
        "figures": [a_figure(slice="bank", estimate=0.5), a_figure()],
        **changes,
    }


def shown(*trials):
    """Return the rows, their cells parted by single spaces."""
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(brief({"trials": trials}))
    return [" ".join(line.split()) for line in capture.get().splitlines()[2:]]


def test_row_has_what_a_trial_is_judged_by():
    """A trial's row: where it is, what it has, its primary figure over all traffic, the race."""
    assert shown(a_trial()) == ["int8 progressing 10% 1,234 1.2 % [0.20 %, 2.1 %] 12%"]


def test_what_is_not_known_is_said():
    """Before anything was measured there are words, not made-up numbers."""
    new = a_trial(applied_weight=None, figures=[], roll_back={"percent_of_need": None}, pairs=0)
    measured_once = a_trial(figures=[a_figure(lower=None)], roll_back={"percent_of_need": 250.0})

    assert shown(new, measured_once) == [
        "int8 progressing unknown 0 none yet not begun",
        "int8 progressing 10% 1,234 none yet 100%",
    ]
