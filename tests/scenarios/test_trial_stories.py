"""
Stories of a trial, told in text files.

The lines that may be told are those of `stage`; `story` says how new answers are accepted.
"""

from __future__ import annotations

import re

from functools import cache
from pathlib import Path

import pytest

from shadowmon.records import EntryKind
from shadowmon.rollout.diagram import Row, in_words, rows
from tests.scenarios.stage import Stage
from tests.scenarios.story import blocks_of, hold, text_of


STORIES = sorted(Path(__file__).parent.glob("trial/*.txt"))


@cache
def told(story: Path) -> tuple[str, Stage]:
    """Let a story happen; return it with the answers, and the stage as it stands then."""
    stage = Stage()
    blocks = blocks_of(story)
    for block in blocks:
        for line in block.lines:
            block.answers.extend(stage.tell(line))
    return text_of(blocks), stage


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story(story: Path):
    """The trial answers every line of the story as the story says."""
    text, _ = told(story)
    hold(story, text)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.phase}, {in_words(row.trigger)}")
def test_every_row_of_the_table_is_walked_in_a_story(row: Row):
    """A row that no story tells of is a row that nobody has seen working."""
    walked = set().union(*(told(story)[1].walked for story in STORIES))

    assert (row.phase, type(row.trigger), row.trigger) in walked


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_of_entry_is_journalled_in_a_story(kind: EntryKind):
    """What may stand in the journal of a trial stands in a story."""
    assert any(f"\njournal {kind}: " in told(story)[0] for story in STORIES)


@pytest.mark.parametrize(
    "obstacle",
    [
        "climbing is switched off",
        "paused by a person",
        "its weight was changed by another hand",
        "the weight is still being applied",
        "the route's traffic is held by trial",
        "cooling down after a step down",
        r"\d+ of \d+ pairs in this stage",
        r"\d+ of \d+ s in this stage",
        "outside the change windows",
        "complaints increased",
        "complaints are not proven to be as rare",
        "the next stage waits for a person's approval",
    ],
)
def test_every_obstacle_to_a_climb_stands_in_a_story(obstacle: str):
    """Each is met by a trial, which says so."""
    assert any(re.search(f"blocked: {obstacle}", told(story)[0]) for story in STORIES)


def test_a_trial_begins_with_what_it_is_and_what_it_skips():
    """The first entries say what is judged by which truth, and which phases are left out."""
    assert Stage().opening == [
        (
            "journal trial_opened: int8 against fp32 on route digits: classification, "
            "judged by correct (labels)"
        ),
        "journal phase_skipped: benchmark: not today",
    ]
