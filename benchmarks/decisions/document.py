"""
A document's figures are printed by a command, and by nothing else.

A block begins with a line that names its table, `<!-- table: level --full -->`, and ends with
`<!-- end -->`. What stands between is replaced by the command, the day it ran, and what it printed.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from datetime import date

from benchmarks.decisions.table import Effort, Table


_BLOCK = re.compile(
    r"<!-- table: (?P<name>[\w-]+) --(?P<effort>\w+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL
)
_MARK = re.compile(r"<!-- table:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A place for one table."""

    name: str
    effort: Effort

    @property
    def command(self) -> str:
        """Return what prints it."""
        return f"python -m benchmarks.decisions --{self.effort} {self.name}"


def blocks(text: str) -> list[Block]:
    """
    Return the blocks of a document, in order.

    Raises:
        ValueError: If a block has no end, or its effort is none.

    """
    found = [_block(match) for match in _BLOCK.finditer(text)]
    begun = len(_MARK.findall(text))
    if len(found) != begun:
        message = (
            f"{begun} blocks begin and {len(found)} are whole; a block is "
            f"'<!-- table: NAME --quick|--full -->', a line break, anything, '<!-- end -->'"
        )
        raise ValueError(message)
    return found


def with_table(text: str, block: Block, made: Table, *, today: date) -> str:
    """Return the document with this table in its block."""

    def replaced(match: re.Match[str]) -> str:
        if _block(match) != block:
            return match[0]
        return (
            f"<!-- table: {block.name} --{block.effort} -->\n"
            f"`{block.command}`, {today.isoformat()}:\n\n"
            f"{made.markdown()}\n<!-- end -->"
        )

    return _BLOCK.sub(replaced, text)


def _block(match: re.Match[str]) -> Block:
    return Block(name=match["name"], effort=Effort(match["effort"]))
