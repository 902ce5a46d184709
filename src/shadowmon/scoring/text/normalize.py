"""
Take away what may differ for no reason, before asking whether two answers are the same.

Nothing here looks at meaning: a normalisation that forgives too much hides a loss, one that
forgives too little is only noise.
"""

from __future__ import annotations

import re
import unicodedata


_GAP = re.compile(r"(?<=\S)[^\S\n]+")
"""Blanks within a line; not its indentation, which has a meaning in code."""
_SIGNS = re.compile(r"[^\w\s\x00-\x7f]{64,}")
"""A combining mark is none of the characters that are left out here."""


def prose(text: str) -> str:
    """
    Return a text as it is compared for sameness.

    Unicode NFC (UAX #15), one kind of line end, a single blank within a line, no blanks at a
    line's end, no blank lines around the whole. Case, punctuation and indentation stand.
    """
    return _laid_out(_composed(text))


def same_prose(one: str, other: str) -> bool:
    """Return whether two texts are the same as `prose`; what differs in words is told soonest."""
    one, other = _composed(one), _composed(other)
    return one.split() == other.split() and _laid_out(one) == _laid_out(other)


def phrase(text: str) -> str:
    """
    Return a JSON string as it is compared with another one.

    As `prose`, and beyond it: any run of white space is one blank, and case is folded. A field
    holds a name, a date or an amount: its lines and its capitals are layout.
    """
    return " ".join(_composed(text).split()).casefold()


def _laid_out(text: str) -> str:
    lines = (_GAP.sub(" ", line).rstrip() for line in text.splitlines())
    return "\n".join(lines).strip("\n")


def _composed(text: str) -> str:
    """
    Return the text in NFC; as it stands if it piles up more marks than any language does.

    Putting marks in order takes time that grows with the square of their number.
    """
    if text.isascii() or any(
        any(map(unicodedata.combining, run[0])) for run in _SIGNS.finditer(text)
    ):
        return text
    return unicodedata.normalize("NFC", text)
