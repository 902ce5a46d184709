"""Which two answers a reviewer compares next, and what they said of them."""

from __future__ import annotations

import json

import pytest

from shadowmon.config.settings import Settings
from shadowmon.daemon.side_by_side import SideBySide
from shadowmon.errors import RefusedError
from shadowmon.records import Choice, Grade, Phase, Preference
from shadowmon.view import Said
from tests.factories import NOON
from tests.recordings import a_line
from tests.trials import INT8


def settings(pairs, **review):
    """A configuration whose trial int8 has comparisons."""
    return Settings.model_validate(
        {
            "models": {
                "fp16": {"url": "http://127.0.0.1:9001"},
                "int8": {"url": "http://127.0.0.1:9002"},
            },
            "routes": {"chat": {"baseline": "fp16"}},
            "trials": {
                "int8": {
                    "route": "chat",
                    "optimized": "int8",
                    "task": "custom",
                    "review": {"pairs": str(pairs)} | review,
                }
            },
        }
    )


@pytest.fixture
def pairs(tmp_path):
    """Two hundred recorded pairs, every tenth of them legal."""
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(
        b"".join(
            a_line(
                id=f"q-{number}",
                question={"text": f"Question {number}?", "source": "what a user said"},
                baseline={"text": "from the baseline", "output_tokens": 9},
                optimized={"text": "from the optimized model", "model": "int8"},
                slices=["legal"] if number % 10 == 0 else [],
            )
            for number in range(200)
        )
    )
    return path


def desk(pairs, **review):
    """The comparisons of trial int8."""
    return SideBySide(settings(pairs, **review), INT8, alpha=0.05)


def preferred(task, reviewer="ada", choice=Choice.TIE):
    """What somebody said."""
    return Preference(trial_id=INT8, epoch=1, task=task, reviewer=reviewer, choice=choice, at=NOON)


def everything(side, reviewer, said=()):
    """Compare all that a reviewer is shown."""
    said, shown = list(said), []
    while (task := side.next_for(reviewer, 1, said)) is not None:
        said.append(preferred(task.id, reviewer))
        shown.append(task)
    return shown, said


def test_what_is_shown(pairs):
    """The question and both answers, and nothing that tells which model gave which."""
    task = desk(pairs).next_for("ada", 1, [])

    assert set(task.question) == {"instructions", "text"}
    texts = {"from the baseline", "from the optimized model"}
    assert {task.left["text"], task.right["text"]} == texts
    assert {*task.left, *task.right} == {"text"}


def test_left_and_right_are_drawn(pairs):
    """About half of the tasks have the baseline on the left; asked again, each is the same."""
    side = desk(pairs)
    shown, _ = everything(side, "ada")

    left = sum(task.left["text"] == "from the baseline" for task in shown)

    assert 70 < left < 130
    assert side.next_for("ada", 1, []) == side.next_for("ada", 1, [])


def test_left_is_joined_to_its_model(pairs):
    """Left and right mean what that reviewer was shown there."""
    side = desk(pairs)
    for task in everything(side, "ada")[0][:20]:
        is_baseline = task.left["text"] == "from the baseline"

        assert side.choice(task.id, "ada", 1, Said.LEFT) is (
            Choice.BASELINE if is_baseline else Choice.OPTIMIZED
        )
        assert side.choice(task.id, "ada", 1, Said.RIGHT) is (
            Choice.OPTIMIZED if is_baseline else Choice.BASELINE
        )
        assert side.choice(task.id, "ada", 1, Said.BOTH_BAD) is Choice.BOTH_BAD


def test_each_task_once(pairs):
    """A reviewer sees no task twice; others see those that want one more vote, first of all."""
    side = desk(pairs, overlap=0.2)
    shown, said = everything(side, "ada")
    again, _ = everything(side, "bob", said)

    assert len({task.id for task in shown}) == 200
    assert 20 < len(again) < 60


def test_more_votes_for_each_task(pairs):
    """With two votes for each task a second reviewer is first shown what another began."""
    side = desk(pairs, votes_per_task=2, overlap=0)
    first = side.next_for("ada", 1, [])

    assert side.next_for("bob", 1, [preferred(first.id)]).id == first.id


def test_a_skip_leaves_the_task_to_others(pairs):
    """Whoever skips a task does not see it again, and it still wants its vote."""
    side = desk(pairs, overlap=0)
    first = side.next_for("ada", 1, [])
    said = [preferred(first.id, choice=Choice.SKIP)]

    assert side.next_for("ada", 1, said).id != first.id
    assert first.id in {task.id for task in everything(side, "bob", said)[0]}


def test_experts(pairs):
    """A slice that has experts is for them alone."""
    side = desk(pairs, experts={"legal": ["eve"]}, overlap=0)

    shown, _ = everything(side, "ada")
    legal, _ = everything(side, "eve", [preferred(task.id) for task in shown])

    assert len(shown) == 180
    assert {task.slices for task in legal} == {("legal",)}
    with pytest.raises(RefusedError, match="task q-10 is for experts only, and ada is none"):
        side.refuse_unless_due("q-10", "ada", [])


def test_what_is_not_due(pairs):
    """Another task, and a second word of the same reviewer, are refused."""
    side = desk(pairs)

    with pytest.raises(RefusedError, match="there is no such task"):
        side.refuse_unless_due("q-999", "ada", [])
    with pytest.raises(RefusedError, match="ada has compared task q-1 already"):
        side.refuse_unless_due("q-1", "ada", [preferred("q-1")])
    side.refuse_unless_due("q-1", "ada", [preferred("q-1", "bob")])


def test_the_result(pairs):
    """What the trial is told names the figures that it was judged by."""
    side = desk(pairs)
    said = [preferred(f"q-{number}") for number in range(150)]

    result = side.result(side.standing(said), said)

    assert (result.phase, result.grade) == (Phase.SIDE_BY_SIDE, Grade.ACCEPT)
    assert result.reporter == "1 reviewers"
    assert json.loads(json.dumps(result.data))["choices"] == {"tie": 150}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"{}\n", "line 1: the line lacks id"),
        (a_line(), "has 1 pairs: give 100 to"),
    ],
)
def test_pairs_that_cannot_be_used(content, said, tmp_path):
    """The file, the line and the reason are told."""
    path = tmp_path / "pairs.jsonl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(RefusedError, match=said):
        desk(path)


def test_a_trial_without_comparisons(pairs):
    """It is said what to configure."""
    given = settings(pairs)
    trial = given.trials["int8"].model_copy(update={"review": None})
    without = given.model_copy(update={"trials": {"int8": trial}})

    with pytest.raises(RefusedError, match="trial int8 has no `review`"):
        SideBySide(without, INT8, alpha=0.05)
