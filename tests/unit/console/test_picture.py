"""The daemon on a terminal."""

from __future__ import annotations

import io
import math

from dataclasses import replace

import pytest

from rich.console import Console

from shadowmon.console import shapes
from shadowmon.console.figures import interval_bar
from shadowmon.console.picture import funnel, picture, race_bar
from shadowmon.records import Grade, MetricName, Phase, Side, Weight
from tests.views import a_figure, a_rule_view, a_trial_view, a_verdict, a_view


def drawn(view, width=100):
    """Draw a view as text."""
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None)
    console.print(picture(shapes.status(view), shapes.trials(view), width))
    return file.getvalue()


def line_with(text, words):
    """Return the one line that these words stand in."""
    (line,) = [line for line in text.splitlines() if words in line]
    return line


def figure(**changes):
    """Return a figure as the API tells it."""
    return shapes.trial(a_trial_view(figures=(a_figure(**changes),)))["figures"][0]


def with_state(**changes):
    """Return the trial with its state changed."""
    trial = a_trial_view()
    return replace(trial, state=replace(trial.state, **changes))


def test_who_and_where():
    """A trial is told by its models, its task, its phase and its share of the traffic."""
    text = drawn(a_view())

    assert "int8 · classification · fp32 → int8 (version 1)" in text
    assert "route digits: progressing   wants 10 %, has 10 % of the traffic" in text


def test_present_stage_is_marked():
    """The ladder is drawn whole, with brackets round the present rung."""
    assert "shadow ─ 1% ─ [10%] ─ 50% ─ 100%" in drawn(a_view())
    assert "[shadow] ─ 1% ─ 10%" in drawn(a_view(with_state(stage_index=-1)))


def test_weight_that_is_not_there_yet():
    """Where what is wanted is not what is there, that is said."""
    text = drawn(a_view(with_state(desired_weight=Weight(5000), applied_weight=None)))

    assert "wants 50 %, has ? of the traffic  (not there yet)" in text


def test_dry_run():
    """Where nothing is moved whatever is decided, nobody waits for it."""
    view = a_view(a_trial_view(actuator="dry_run"))

    assert "(dry run: nothing is moved)" in drawn(view)
    assert "(not there yet)" not in drawn(view)


def test_paused():
    """A paused trial says so in a word, not by a colour."""
    assert "PAUSED" in drawn(a_view(with_state(paused=True)))
    assert "rolled back" in drawn(a_view(with_state(phase=Phase.ROLLED_BACK)))


def test_figures_with_limits():
    """The primary metric stands with its estimate, its interval and its count."""
    line = line_with(drawn(a_view()), "correct drop")

    assert "1.0 % [-0.20 %, 2.2 %]" in line
    assert "2,310" in line
    assert "●" in line


def test_figure_in_a_slice():
    """The primary metric's slices are told by their names."""
    assert "correct in bank drop" in drawn(a_view())


def test_figure_without_a_limit_is_left_out():
    """A metric that nobody has set a limit for is not drawn."""
    other = replace(a_figure().metric, name=MetricName("chattiness"))
    figures = (a_figure(), a_figure(metric=other, acceptable=None, red_line=None))

    assert "chattiness" not in drawn(a_view(a_trial_view(figures=figures)))


def test_figure_not_known_yet():
    """Without an estimate there is nothing to draw, and that is said."""
    empty = a_figure(estimate=None, lower=None, upper=None)

    assert "no figure yet" in drawn(a_view(a_trial_view(figures=(empty,))))


def test_interval_between_its_limits():
    """An interval lies where its figures say, left of the acceptable limit and the red line."""
    bar = interval_bar(figure(acceptable=0.05, red_line=0.1), 40)

    assert bar == "·········━━━●━━·····A·········R·········"


def test_limits_in_one_cell():
    """Where both limits are the same, both are still to be seen."""
    assert "AR" in interval_bar(figure(acceptable=0.05, red_line=0.05), 40)


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"lower": -1.0, "upper": 1.0}, ("◄", "►")),
        ({"lower": -1.0}, ("◄", "·")),
        ({"upper": 9.0}, ("·", "►")),
    ],
)
def test_interval_beyond_the_line(changes, ends):
    """What lies beyond the line's ends is an arrow."""
    bar = interval_bar(figure(**changes), 30)

    assert (bar[0], bar[-1]) == ends


@pytest.mark.parametrize("width", [1, 2, 5, 80])
@pytest.mark.parametrize(
    "changes",
    [
        {"estimate": None, "lower": None, "upper": None},
        {"acceptable": None, "red_line": None},
        {"acceptable": None, "red_line": 0.0, "estimate": 0.0, "lower": 0.0, "upper": 0.0},
        {"estimate": 1e300, "lower": -1e300, "upper": 1e300},
        {"estimate": math.nan},
    ],
)
def test_bar_is_always_as_wide_as_asked(width, changes):
    """Whatever the figures, the bar takes its place and no more."""
    assert len(interval_bar(figure(**changes), width)) == width


def test_races():
    """The slowest rule of a climb is told, and the average that could take the weight away."""
    rules = (
        a_rule_view("quality", log_e=2.7),
        a_rule_view("errors", log_e=0.6),
        a_rule_view("borderline", log_e=0.0),
        a_rule_view("core_quality", Side.WORSE, log_e=-1.0),
    )
    trial = a_trial_view(rules=rules, log_e_roll_back=2.3, log_e_roll_back_needed=4.6)

    line = line_with(drawn(a_view(trial)), "proof")

    assert "climb ████░░░░░░░░░░░░░░░░ 20 % (errors)" in line
    assert "roll back ██████████░░░░░░░░░░ 50 %" in line


def test_races_on_a_narrow_terminal():
    """On a narrow terminal the races are shorter, and still on one line."""
    line = line_with(drawn(a_view(), width=80), "proof")

    assert "climb █████░░░░░ 50 % (quality)   roll back ░░░░░░░░░░ 5 %" in line


def test_race_that_is_won():
    """A claim that is proven says so."""
    assert race_bar(100.0, 20) == "█" * 20 + " proven"
    assert race_bar(99.9, 20).endswith("░ 99 %")
    assert race_bar(1e9, 20) == "█" * 20 + " proven"
    assert race_bar(0.0, 20) == "░" * 20 + " 0 %"


def test_last_decision():
    """The newest verdict is told in its own sentence, and why it may not climb beside it."""
    verdict = a_verdict(sentence="roll_back: core_quality is proven", grade=Grade.RED_LINE)
    text = drawn(a_view(a_trial_view(verdict=verdict, blocked="cooling down")))

    assert "roll_back: core_quality is proven" in text
    assert "may not climb now: cooling down" in text
    assert "no verdict yet" in drawn(a_view(a_trial_view(verdict=None)))


@pytest.mark.parametrize(
    ("phase", "command"),
    [
        (Phase.BENCHMARK, "shadowmon gate … --post URL --trial int8"),
        (Phase.SIDE_BY_SIDE, "shadowmon approve int8 --reason …"),
        (Phase.ROLLED_BACK, "shadowmon re-arm int8 --reason …"),
    ],
)
def test_what_ends_a_phase_that_no_pair_ends(phase, command):
    """Where pairs do not help the picture says what does, and not what a climb waits for."""
    trial = with_state(phase=phase)
    text = drawn(a_view(replace(trial, blocked="66 of 200 pairs in this stage")))

    assert command in text
    assert "may not climb now" not in text


def test_counts_are_whole_on_a_narrow_terminal():
    """On 80 columns the line gives way, and then a long name, to figures and counts."""
    long = replace(a_figure().metric, name=MetricName("chrf_divergence_excess"))
    figures = (a_figure(count=1_234_567), a_figure(metric=long, slice="long", count=7_654_321))
    text = drawn(a_view(a_trial_view(figures=figures)), width=80)

    for count in ("1,234,567", "7,654,321"):
        assert "1.0 % [-0.20 %, 2.2 %]" in line_with(text, count)


def test_funnel():
    """Requests are told from seen to scored, with whatever was lost between."""
    line = line_with(drawn(a_view()), "requests:")

    assert line.strip() == (
        "requests: seen 12,003 → sampled out 10 → shed 3   pairs: scored 11,990"
    )
    assert funnel({"seen": 0, "shed": 0, "scored": 0}) == "requests: seen 0   pairs: scored 0"


def test_problems_are_told():
    """Why the daemon is not ready stands below."""
    view = a_view(problems=("the store cannot be written",), config_reload_successful=False)

    text = drawn(view)

    assert "not ready: the store cannot be written" in text
    assert "the last reload was refused" in text


def test_no_trials():
    """A daemon without a trial says that."""
    assert "no trial is configured" in drawn(replace(a_view(), trials=()))


HOSTILE = "[bold red]x[/]\x1b[2J\u202e\nforged"


def test_hostile_text_is_shown_as_it_is():
    """Escapes, newlines, direction marks and markup in any text are shown, never obeyed."""
    verdict = a_verdict(sentence=HOSTILE)
    metric = replace(a_figure().metric, name=MetricName(HOSTILE))
    trial = a_trial_view(
        trial_id=HOSTILE,
        route=HOSTILE,
        baseline=HOSTILE,
        optimized=HOSTILE,
        version=HOSTILE,
        task=HOSTILE,
        truth=HOSTILE,
        verdict=verdict,
        blocked=HOSTILE,
        figures=(a_figure(slice=HOSTILE, metric=metric),),
        rules=(a_rule_view(HOSTILE),),
        primary=HOSTILE,
    )

    text = drawn(a_view(trial, problems=(HOSTILE,), funnel={HOSTILE: 1}), width=140)

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.startswith("forged")]
    assert "may not climb now: [bold red]x[/]\\x1b[2J\\u202e\\nforged" in text


@pytest.mark.parametrize("width", [10, 60, 80, 100, 300])
def test_width_is_kept(width):
    """The picture is as wide as the terminal, from 60 cells up to 140."""
    text = drawn(a_view(), width=max(width, 60))

    widest = max(len(line) for line in text.splitlines())
    assert widest == min(max(width, 60), 140)
