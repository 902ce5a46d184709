"""
Stories of a whole control loop, told in text files: the store that fails, everything frozen.

Each block is what happens, a line of dashes, and what the daemon answers; the lines that may be
told are those of `daemon_stage`. To accept new answers: SHADOWMON_REWRITE=1 pytest
tests/scenarios/test_daemon_stories.py, then read the diff, and commit only what you can explain.
"""

from __future__ import annotations

import os

from pathlib import Path

import pytest

from tests.scenarios.daemon_stage import DaemonStage


STORIES = sorted(Path(__file__).parent.glob("daemon/*.txt"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_story(story: Path):
    """The daemon answers every line of the story as the story says."""
    stage = DaemonStage()
    await stage.begin()
    told = []
    for block in story.read_text().strip().split("\n\n"):
        happens = block.split("\n----")[0]
        answers = [
            answer
            for line in happens.splitlines()
            if not line.startswith("#")
            for answer in await stage.tell(line)
        ]
        told.append("\n".join([happens, "----", *answers]))
    text = "\n\n".join(told) + "\n"
    if os.environ.get("SHADOWMON_REWRITE"):
        story.write_text(text)
    assert story.read_text() == text
