"""Recorded pairs, folded as live ones are: real answers, shards, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shadowmon.config.settings import LabelCoverage, Settings
from shadowmon.daemon.parts import Shard, from_file, to_file, together
from shadowmon.daemon.replay import (
    Replay,
    drawn,
    has_label,
    judged,
    plain_settings,
    plan_of,
)
from shadowmon.daemon.replay_course import BEGINNING
from shadowmon.errors import ConfigError
from shadowmon.policy.settings import Task
from shadowmon.records import EVERYTHING, Decision, EntryKind, Grade
from tests.recordings import a_line, mathematics


WORSE = mathematics(baseline="strong", optimized="weak")
BETTER = mathematics(baseline="weak", optimized="strong")


def the_settings(**changes):
    """Return settings for mathematics; any key of the trial may be named."""
    settings = plain_settings(task=Task.MATH, codec="openai", expects_labels=True)
    told = settings.model_dump()
    told["trials"]["recording"] |= changes
    return Settings.model_validate(told)


def replayed(lines, *, settings=None, **changes):
    """Fold lines."""
    settings = settings or the_settings()
    replay = Replay(settings, plan_of(settings, None), **changes)
    for number, line in enumerate(lines, start=1):
        replay.take(line, file="pairs.jsonl", number=number)
    return replay


def figure(view, name, slice_name=EVERYTHING):
    """Return one figure of a picture."""
    return next(
        each for each in view.figures if (each.metric.name, each.slice) == (name, slice_name)
    )


def test_a_weaker_model_is_rejected():
    """Real answers of a much weaker model: rejected, with an interval far above the limits."""
    replay = replayed(WORSE)

    view = drawn(replay.part())
    correct = figure(view, "correct")
    assert view.verdict is not None
    assert (view.verdict.decision, view.verdict.grade) == (Decision.ROLL_BACK, Grade.REJECT)
    assert (correct.count, correct.missing) == (696, 4)  # four times no number was given
    assert correct.baseline_rate == pytest.approx(397 / 696)
    assert correct.estimate == pytest.approx(1 - 153 / 397)
    assert 0.3 < correct.lower < correct.estimate < correct.upper < 0.8
    assert [look.pairs for look in replay.looks] == [100, 100]
    assert replay.looks[-1].sentence.startswith("rolled back to 0 %")


def test_a_stronger_model_is_accepted():
    """The other way round: accepted, with an interval far below zero."""
    replay = replayed(BETTER)

    view = drawn(replay.part())
    correct = figure(view, "correct")
    assert view.verdict is not None
    assert (view.verdict.decision, view.verdict.grade) == (Decision.PROMOTE, Grade.ACCEPT)
    assert correct.upper < -0.5 < correct.acceptable
    climbs = [look.pairs for look in replay.looks if look.kind is EntryKind.STAGE_ENTERED]
    assert climbs == [700]


@pytest.mark.parametrize("of", [2, 3])
def test_shards_add_up_to_the_same(of):
    """The parts of several processes, merged, are the one of a single process to the last byte."""
    lines = [*WORSE, WORSE[3], b"no JSON\n"]
    whole = replayed(lines).part()

    parts = [
        from_file(to_file(replayed(lines, shard=Shard(number=number, of=of)).part()))
        for number in range(of, 0, -1)
    ]

    assert all(part.pairs > 100 for part in parts)
    assert to_file(together(parts)) == to_file(whole)
    assert drawn(together(parts)) == drawn(whole)


def test_a_shard_tells_no_story():
    """One share of the pairs cannot tell what the daemon would have done on the way."""
    assert replayed(WORSE, shard=Shard(number=1, of=2)).looks == []


def test_refused_lines():
    """A line that is no pair, or whose id was there, is counted by reason; the rest is folded."""
    replay = replayed([a_line(), b"\n", b"{\n", a_line(id="x-2", baseline={}), a_line()])

    part = replay.part()
    assert part.pairs == 1
    assert sum(part.refused.values()) == 3
    assert part.refused["its id was there before"] == 1
    assert [each.line for each in replay.refusals] == [3, 4, 5]


def test_without_labels_the_models_are_held_against_each_other():
    """Text without labels is judged by its divergence, and labels that are told are not used."""
    settings = plain_settings(task=Task.CHAT, codec="openai", expects_labels=False)

    part = replayed([a_line(label="hello")], settings=settings).part()

    view = drawn(part)
    assert view.primary == "chrf_divergence"
    assert figure(view, "chrf_divergence").estimate == 0
    assert part.labels_unused == 1


@pytest.mark.parametrize(
    ("coverage", "count", "missing"), [(LabelCoverage.ALL, 1, 1), (LabelCoverage.SOME, 1, 0)]
)
def test_a_pair_without_a_label(coverage, count, missing):
    """Where all pairs are to have a label, one without counts as missing; else it is left out."""
    settings = the_settings(labels={"expected": coverage})
    right = {"label": "18"}
    lines = [
        a_line(id="x-1", baseline=right, optimized=right, label="18"),
        a_line(id="x-2", baseline=right, optimized=right),
    ]

    correct = figure(drawn(replayed(lines, settings=settings).part()), "correct")

    assert (correct.count, correct.missing) == (count, missing)


def test_a_failed_model():
    """A model that did not answer counts as an error, and as not right."""
    line = a_line(baseline={"label": "18"}, optimized={"outcome": "timeout"}, label="18")

    view = drawn(replayed([line]).part())

    assert figure(view, "error").optimized_rate == 1
    assert figure(view, "correct").missing == 1


def test_slices():
    """A pair counts in each of its slices."""
    lines = [a_line(id=f"x-{at}", label="a", slices=["bank"] if at < 3 else []) for at in range(5)]

    view = drawn(replayed(lines).part())

    assert figure(view, "correct").count == 5
    assert figure(view, "correct", "bank").count == 3


@pytest.mark.parametrize(("seconds", "counted"), [(None, 0), (0.5, 1)])
def test_times_that_nobody_took(seconds, counted):
    """Without a time there is no latency; with one on both sides there is."""
    answer = {"text": "a"} | ({} if seconds is None else {"seconds": seconds})

    view = drawn(replayed([a_line(baseline=answer, optimized=answer, label="a")]).part())

    assert figure(view, "latency_excess").count == counted


def test_the_recording_s_own_time():
    """Moments that were recorded are the clock of the looks; without them a pair takes a second."""
    at = [{"at": f"2026-01-31T12:00:{second:02}Z"} for second in (10, 5, 20)]
    lines = [a_line(id=f"x-{number}", label="a", **more) for number, more in enumerate(at)]

    replay = replayed(lines, every=1)
    untimed = replayed([a_line(id=f"x-{number}", label="a") for number in range(3)], every=1)

    assert [look.at.second for look in replay.looks] == [10]
    assert replay.part().last_at is not None
    assert replay.part().last_at.second == 20
    assert untimed.looks[0].at == BEGINNING + timedelta(seconds=1)
    assert untimed.part().last_at is None


def test_one_look_does_not_depend_on_the_order():
    """What all pairs prove together is the same, whatever order they came in."""
    forwards, backwards = replayed(WORSE[:200]), replayed(WORSE[:200][::-1])

    assert judged(forwards.part()).memory.verdict == judged(backwards.part()).memory.verdict


def test_where_sessions_would_be_counted_together():
    """Each recorded pair is a session of its own: the figure is the same, and so is the verdict."""
    told = the_settings().model_dump()
    told["evidence"]["dependence"]["clusters"] = True
    settings = Settings.model_validate(told)

    view = drawn(replayed(WORSE, settings=settings).part())

    plain = drawn(replayed(WORSE).part())
    assert figure(view, "correct").estimate == pytest.approx(figure(plain, "correct").estimate)
    assert view.verdict is not None
    assert view.verdict.grade is Grade.REJECT


def test_which_trial():
    """A trial that is not there, or is not named among several, is refused with their names."""
    settings = the_settings()

    with pytest.raises(ConfigError, match=r'no trial is called "int4".*name one of: recording'):
        plan_of(settings, "int4")
    assert plan_of(settings, "recording") == plan_of(settings, None)


def test_whether_there_are_labels():
    """The first pair tells whether labels are expected."""
    assert has_label(a_line(label="18"))
    assert not has_label(a_line())
    assert not has_label(b"{")


@pytest.mark.parametrize("expected", [LabelCoverage.NONE, LabelCoverage.ALL])
def test_the_mix_of_answers_is_counted(expected):
    """How often each model says a configured class, with labels and without."""
    lines = [
        a_line(
            id=f"x-{number}",
            baseline={"label": "cat" if number % 2 else "dog"},
            optimized={"label": "cat" if number % 4 else "fish"},
            label="cat",
        )
        for number in range(100)
    ]
    labels = {"expected": expected, "classes": ["cat", "dog"]}
    settings = the_settings(task=Task.CLASSIFICATION, labels=labels)

    found = drawn(replayed(lines, settings=settings).part())

    assert found.mix is not None
    assert found.mix.baseline == {"cat": 0.5, "dog": 0.5, None: 0.0}
    assert found.mix.optimized == {"cat": 0.75, "dog": 0.0, None: 0.25}
    assert figure(found, "called:dog").baseline_rate == pytest.approx(0.5)
    assert (found.classification is None) == (expected is LabelCoverage.NONE)
