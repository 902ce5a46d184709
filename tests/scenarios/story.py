"""
Stories in text files: blocks with an empty line between them.

Each block is what happens, a line of dashes, and what is answered; a line that begins with # is for
people. To accept new answers: SHADOWMON_REWRITE=1 pytest tests/scenarios, then read the diff, and
commit only what you can explain.
"""

from __future__ import annotations

import os

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Block:
    """What happens together, and what was answered this time."""

    happens: str
    answers: list[str] = field(default_factory=list)

    @property
    def lines(self) -> Sequence[str]:
        """What happens, one after the other."""
        return [line for line in self.happens.splitlines() if not line.startswith("#")]


def blocks_of(story: Path) -> list[Block]:
    """Return what happens in a story; nothing is answered yet."""
    return [Block(each.split("\n----")[0]) for each in story.read_text().strip().split("\n\n")]


def text_of(blocks: Sequence[Block]) -> str:
    """Write a story with its answers."""
    told = ("\n".join([block.happens, "----", *block.answers]) for block in blocks)
    return "\n\n".join(told) + "\n"


def hold(story: Path, text: str) -> None:
    """Hold what was answered this time against the story, or make it the story."""
    if os.environ.get("SHADOWMON_REWRITE"):
        story.write_text(text)
    assert story.read_text() == text
