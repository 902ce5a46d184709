"""
Which part of an answer is code, and in which language?

Read are fenced blocks (CommonMark 0.31, section 4.5), at any indentation, for models put them into
lists; a block that is not closed goes to the end. Of several the longest is the code, of equals the
last: the others are examples of its use, and commands. An answer without a fence is code if it
begins like Python.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


PYTHON = "python"

_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_TAG = re.compile(r"[\w+#.-]+")
_NO_CODE = frozenset(
    {"console", "diff", "log", "markdown", "md", "mermaid", "none", "output", "plain", "plaintext"}
    | {"pycon", "shell-session", "stdout", "text", "txt"}
)
_SAME = {
    "py": "python",
    "py3": "python",
    "python3": "python",
    "js": "javascript",
    "jsx": "javascript",
    "mjs": "javascript",
    "node": "javascript",
    "ts": "typescript",
    "sh": "bash",
    "shell": "bash",
    "zsh": "bash",
    "c++": "cpp",
    "cc": "cpp",
    "cxx": "cpp",
    "golang": "go",
    "rs": "rust",
    "rb": "ruby",
    "htm": "html",
}
"""Other words for a language, as models write them."""

_BEGINS_LIKE_PYTHON = re.compile(
    r"""
    [ \t]*
    (?: @\w | \#! | "{3} | (?: async\s+ )? def\s+\w+\s*\( | class\s+\w+\s*[(:]
      | from\s+[\w.]+\s+import\b | import\s+\w+ (?: [.,\s] | $ )
      | [A-Za-z_]\w* (?: \[[^\]\n]*\] )? \s* (?: [-+*/]= | = (?!=) ) )
    """,
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of code."""

    language: str
    """In lower case; empty if the answer does not say."""
    source: str


def code_of(text: str, language: str = "") -> Block | None:
    """
    Return the code of an answer; None if it has none.

    Args:
        text: The answer.
        language: Blocks in this language come first, then blocks that say none, then the others.
            Empty: blocks that say one come first.

    """
    if _FENCE.search(text):
        return _longest(_preferred(list(fenced(text)), language))
    if begins_like_python(text):
        return Block(language=PYTHON, source=text)
    return None


def fenced(text: str) -> Iterator[Block]:
    """Yield the fenced blocks that are code, or may be."""
    opening: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if opening is None:
            opening = line
        elif not line["info"].strip() and line["fence"].startswith(opening["fence"]):
            yield from _block(opening, text[opening.end() + 1 : line.start()])
            opening = None
    if opening is not None:
        yield from _block(opening, text[opening.end() + 1 :])


def begins_like_python(text: str) -> bool:
    """Return whether the first line that is not blank is one of a Python program."""
    return _BEGINS_LIKE_PYTHON.match(text.lstrip("\n\r")) is not None


def _block(opening: re.Match[str], source: str) -> Iterator[Block]:
    tag = _TAG.search(opening["info"].lower().removeprefix("{"))
    language = tag[0].removeprefix(".").removeprefix("language-") if tag else ""
    if language not in _NO_CODE and source.strip():
        yield Block(language=_SAME.get(language, language), source=source)


def _preferred(blocks: Sequence[Block], language: str) -> Sequence[Block]:
    same = [block for block in blocks if block.language == language]
    silent = [block for block in blocks if not block.language]
    others = [block for block in blocks if block.language not in {language, ""}]
    return (same or silent or others) if language else (others or silent)


def _longest(blocks: Sequence[Block]) -> Block | None:
    """Return the longest block, of equals the last."""
    return max(reversed(blocks), key=lambda block: len(block.source), default=None)
