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


def prose(text: str) -> str:
    """
    Return a text as it is compared for sameness.

    Unicode NFC (UAX #15), one kind of line end, a single blank within a line, no blanks at a
    line's end, no blank lines around the whole. Case, punctuation and indentation stand.
    """
    lines = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join(_GAP.sub(" ", line).rstrip() for line in lines).strip("\n")


def phrase(text: str) -> str:
    """
    Return a JSON string as it is compared with another one.

    As `prose`, and beyond it: any run of white space is one blank, and case is folded. A field
    holds a name, a date or an amount: its lines and its capitals are layout.
    """
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()
