"""An explanation on one screen."""

from __future__ import annotations

import pytest

from shadowmon.cli.explain import in_short, lines
from shadowmon.cli.explain_summary import summary
from shadowmon.console import shapes
from shadowmon.records import Grade, Phase, Side
from tests.views import a_rule_view, a_trial_view, a_verdict, a_verdict_row


SCREEN = 24


def written(view):
    """Return the summary of a trial as it stands now, with its verdict."""
    return "\n".join(in_short(shapes.explain(view), shapes.trial(view)))


def many_rules():
    """Return more rules of either kind than a screen has room for; the last is nearest to proof."""
    climbs = [a_rule_view(f"climb-{at}", log_e=3 - 0.1 * at) for at in range(30)]
    ends = [a_rule_view(f"end-{at}", Side.WORSE, log_e=0.1 * at, weight=1 / 30) for at in range(30)]
    return (*climbs, *ends)


def test_verdict_stage_and_what_holds_it():
    """The verdict, where the trial stands, and each thing that holds it come first."""
    view = a_trial_view(blocked="too few pairs", pending=("quality: 2 % would become 3 %",))

    first = written(view).splitlines()[:6]

    assert first[0].startswith("trial int8, now, epoch 2")
    assert first[1].startswith("hold (wait): ")
    assert first[2].startswith("stands     progressing, stage 10%: wants 10 %, has 10 % of the tra")
    assert first[3] == "held       may not climb now: too few pairs"
    assert first[4] == "held       not in force, for it is looser: quality: 2 % would become 3 %"
    assert first[5].startswith("next       pairs bring the evidence by themselves")


def test_it_fits_a_screen():
    """However many rules there are, what decides fits a terminal; the whole does not."""
    rules = many_rules()
    view = a_trial_view(rules=rules, verdict=a_verdict(*rules), blocked="too few pairs")

    assert written(view).count("\n") + 1 <= SCREEN
    assert len(list(lines(shapes.explain(view)))) > 10 * SCREEN
    assert written(view).endswith(
        "All 60 rules with their counts, bets and e-values: shadowmon explain int8 --all"
    )


def test_the_claims_that_decide():
    """Of those a climb waits for the least proven come first, of those that end it the nearest."""
    rules = many_rules()
    text = written(a_trial_view(rules=rules, verdict=a_verdict(*rules)))

    named = [line.strip().partition(":")[0] for line in text.splitlines() if " of proof: " in line]
    assert named == ["climb-29", "climb-28", "climb-27", "end-29", "end-28", "end-27"]
    assert "claims that a climb waits for; the least proven first (27 more):" in text


def test_a_breached_rule_comes_first():
    """A red line that was crossed is shown, whatever the e-values are by now."""
    rules = (
        *many_rules(),
        a_rule_view("crossed", Side.WORSE, log_e=-5.0, weight=0.1, breached=True),
    )
    text = written(a_trial_view(rules=rules, verdict=a_verdict(*rules)))

    assert "  crossed: 0 % of proof, BREACHED: relative_drop of correct" in text


def test_rules_that_are_not_armed_decide_nothing():
    """A rule that is off is none of the claims that decide."""
    assert "edge_slice" not in written(a_trial_view())


def test_borderline_is_nothing_a_climb_waits_for():
    """It is proven below a limit too, and holds no climb."""
    rules = (a_rule_view(), a_rule_view("borderline"))

    assert "borderline" not in written(a_trial_view(rules=rules, verdict=a_verdict(*rules)))


def test_no_verdict_yet():
    """Before any pair was judged it is said what is missing."""
    text = written(a_trial_view(verdict=None, rules=()))

    assert "no verdict yet" in text
    assert "next       send requests" in text


@pytest.mark.parametrize("grade", Grade)
def test_every_grade_has_its_next(grade):
    """Whatever the verdict, there is a line on what a person may do."""
    rule = a_rule_view()
    view = a_trial_view(rules=(rule,), verdict=a_verdict(rule, grade=grade))

    (said,) = [line for line in written(view).splitlines() if line.startswith("next ")]
    assert len(said) > len("next       ")
    assert "{" not in said


def test_a_rolled_back_trial_says_what_ends_that():
    """What a person must do to go on stands where it is read."""
    view = a_trial_view()
    told = shapes.trial(view) | {"phase": Phase.ROLLED_BACK.value}

    text = "\n".join(summary(shapes.explain(view), told))

    assert "held       stays so until a person re-arms it: shadowmon re-arm int8" in text


def test_the_past_stands_nowhere():
    """Of a journalled verdict its claims are told, and not where the trial stands today."""
    rules = (a_rule_view(), a_rule_view("core_quality", Side.WORSE, weight=0.5))
    told = shapes.explain_entry(a_verdict_row(7, a_verdict(*rules)))

    text = "\n".join(in_short(told, None))

    assert "trial int8, journal entry 7" in text
    assert "stands" not in text
    assert "core_quality" in text
    assert text.endswith("shadowmon explain int8 --entry 7 --all")


def test_hostile_text():
    """What stands in names moves no cursor and forges no line."""
    hostile = "x\x1b[2J\nforged"
    rule = a_rule_view(hostile)
    view = a_trial_view(
        trial_id=hostile,
        rules=(rule,),
        verdict=a_verdict(rule, sentence=hostile),
        blocked=hostile,
        pending=(hostile,),
    )

    for line in in_short(shapes.explain(view), shapes.trial(view)):
        assert line.isprintable()
        assert not line.startswith("forged")
