"""Whether observations still mean what they meant when they were counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.records import Operation, OperatorAsked, Phase, Record
from shadowmon.trial.meaning import changed
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.trials import a_plan


MEANT = {"scoring.slow_quantile": "aa", "traffic.slices.long": "bb", "review.margin": "cc"}


def again_with(before, after):
    """Return a trial of one plan that goes on as another, and what it journals of that."""
    trial, _ = Trial.open(before, now=NOON)
    again, commands = Trial.restore(after, trial.snapshot(), now=NOON)
    return again, [each.entry.sentence for each in commands if isinstance(each, Record)]


@pytest.mark.parametrize(
    ("now", "others"),
    [
        (MEANT, ()),
        (MEANT | {"scoring.slow_quantile": "xx"}, ("scoring.slow_quantile",)),
        (MEANT | {"traffic.slices.new": "dd"}, ()),
        ({"scoring.slow_quantile": "aa", "review.margin": "cc"}, ("traffic.slices.long",)),
    ],
)
def test_only_what_was_counted_by_is_compared(now, others):
    """Another value, or a slice that is gone, is a change; what is new is none."""
    assert changed(MEANT, now, phase=Phase.SHADOWING) == others


def test_what_people_are_asked_matters_while_they_are_asked():
    """The margin of a side by side that is over may be what it likes."""
    other = MEANT | {"review.margin": "xx"}

    assert changed(MEANT, other, phase=Phase.SIDE_BY_SIDE) == ("review.margin",)
    assert changed(MEANT, other, phase=Phase.PROGRESSING) == ()


def test_another_meaning_begins_another_epoch():
    """Evidence begins anew, the weight stays, and the journal names the setting."""
    before = a_plan(meaning=MEANT)
    after = replace(before, meaning=MEANT | {"scoring.slow_quantile": "xx"})

    again, said = again_with(before, after)

    assert again.memory.state.epoch == 2
    assert again.memory.pairs == 0
    assert said == ["epoch 2: observations mean something else now: scoring.slow_quantile"]


def test_the_same_meaning_goes_on():
    """A restart with the same settings, and one with a new slice, changes nothing."""
    plan = a_plan(meaning=MEANT)

    for after in (plan, replace(plan, meaning=MEANT | {"traffic.slices.new": "dd"})):
        again, said = again_with(plan, after)

        assert (again.memory.state.epoch, said) == (1, [])


def test_a_snapshot_that_does_not_know_what_was_meant():
    """One that an earlier version wrote goes on: nobody knows of a change."""
    trial, _ = Trial.open(a_plan(), now=NOON)
    before = {key: kept for key, kept in trial.snapshot().items() if key != "meaning"}

    again, commands = Trial.restore(a_plan(meaning=MEANT), before, now=NOON)

    assert again.memory.state.epoch == 1
    assert commands == ()
    assert again.snapshot()["meaning"] == MEANT


def test_a_person_who_loosens_does_not_change_the_meaning():
    """What is configured is meant at once, whatever limits wait for a person."""
    before = a_plan(meaning=MEANT)
    evidence = before.evidence.model_copy(update={"alpha_promote": 0.5})
    wanted = replace(before, evidence=evidence, meaning=MEANT | {"scoring.slow_quantile": "xx"})

    again, _ = again_with(before, wanted)
    was = again.plan
    again.handle(
        OperatorAsked(now=NOON, operation=Operation.LOOSEN, operator="ada", reason="it may")
    )

    assert was.evidence.alpha_promote == before.evidence.alpha_promote
    assert was.meaning == again.plan.meaning == wanted.meaning
