"""
Stories of a whole control loop, told in text files: the store that fails, everything frozen.

The lines that may be told are those of `daemon_stage`; `story` says how new answers are accepted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.daemon_stage import DaemonStage
from tests.scenarios.story import blocks_of, hold, text_of


STORIES = sorted(Path(__file__).parent.glob("daemon/*.txt"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_story(story: Path):
    """The daemon answers every line of the story as the story says."""
    stage = DaemonStage()
    await stage.begin()
    blocks = blocks_of(story)
    for block in blocks:
        for line in block.lines:
            block.answers.extend(await stage.tell(line))
    hold(story, text_of(blocks))
