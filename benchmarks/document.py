"""
A page's tables are printed by a command, and by nothing else.

A block begins with `<!-- printed by: python -m benchmarks NAME -->` and ends with `<!-- end -->`.
What stands between is replaced by the day and by what the command printed.
"""

from __future__ import annotations

import re

from datetime import date


_BLOCK = "<!-- printed by: python -m benchmarks {} -->\n"
_END = "<!-- end -->"
_NAMED = re.compile(re.escape(_BLOCK).replace(r"\{\}", r"([\w-]+)"))


def tables(text: str) -> list[str]:
    """Return the names of the tables that a page has a place for, in order."""
    return _NAMED.findall(text)


def with_table(text: str, name: str, printed: str, *, today: date) -> str:
    """
    Return the page with what was printed in the block of this name.

    Raises:
        ValueError: If there is no such block, or it has no end.

    """
    begin = _BLOCK.format(name)
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(_END)
    if not found or not ended:
        message = f"there is no block that begins with {begin.strip()!r} and ends with {_END!r}"
        raise ValueError(message)
    block = f"```text\n{today.isoformat()}\n{printed.strip()}\n```\n"
    return f"{before}{begin}{block}{_END}{after}"
