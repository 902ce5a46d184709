"""Words and phrases as people write them: found as whole words, whatever the case and the width."""

from __future__ import annotations

import re
import unicodedata

from collections.abc import Iterable


def compiled(phrases: Iterable[str]) -> re.Pattern[str]:
    """
    Return a pattern for `plain` text that finds any of these phrases.

    Raises:
        ValueError: If one of them is blank, for it would be found everywhere.

    """
    found = []
    for phrase in phrases:
        words = plain(phrase).split()
        if not words:
            msg = f"{phrase!r} is blank"
            raise ValueError(msg)
        found.append(r"\s+".join(map(re.escape, words)))
    return re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)")


def plain(text: str) -> str:
    """Fold case, and the forms of a letter that look alike (Unicode Annex 15, NFKC)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
