"""
Text from elsewhere, made safe to show on a terminal, in a log line or in a message.

Rule 1: whatever could move a cursor, forge a line or turn the reading direction is written as an
escape: everything that Python does not call printable (Unicode's Other and Separator categories,
but for the space).
"""

from __future__ import annotations


def plain(text: str, *, limit: int = 500) -> str:
    """
    Return `text` on one line, with everything that is not plainly visible escaped.

    Args:
        text: From anywhere: a model's name, a reason that a person gave, a file's key.
        limit: Characters that are kept; what is cut is marked by an ellipsis.
    """
    kept = text if len(text) <= limit else text[: limit - 1] + "…"
    return kept if kept.isprintable() else "".join(map(_visible, kept))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
