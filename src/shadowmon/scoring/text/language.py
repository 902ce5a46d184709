"""
Are two texts in the same language?

Nothing is identified that does not have to be: two profiles are compared. The first is which
scripts the letters are of: it sees another alphabet, and the foreign characters that a damaged
multilingual model mixes in. The second is which languages' function words there are: it tells
languages of one script apart, as far as there is a list for them (function_words.py) and enough
such words in the text.
"""

from __future__ import annotations

import math
import re

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shadowmon.scoring.text.function_words import LANGUAGES_OF


_WORD = re.compile(r"[^\W\d_]+")
_NOT_ASCII_LETTER = re.compile(r"[^\W\d_\x00-\x7f]")
_HINTS_MIN = 4
"""Fewer function words tell nothing."""
_LEAD = 1.5
"""How many times as many function words the text's language has as any other."""

_BLOCKS = (
    (0x0000, "Latin"),
    (0x0370, "Greek"),
    (0x0400, "Cyrillic"),
    (0x0530, "Armenian"),
    (0x0590, "Hebrew"),
    (0x0600, "Arabic"),
    (0x0700, "other"),
    (0x0900, "Devanagari"),
    (0x0980, "Bengali"),
    (0x0A00, "other"),
    (0x0B80, "Tamil"),
    (0x0C00, "Telugu"),
    (0x0C80, "other"),
    (0x0E00, "Thai"),
    (0x0E80, "other"),
    (0x10A0, "Georgian"),
    (0x1100, "Hangul"),
    (0x1200, "other"),
    (0x1E00, "Latin"),
    (0x1F00, "Greek"),
    (0x2000, "Latin"),
    (0x2E80, "Han"),
    (0x3040, "kana"),
    (0x3100, "Han"),
    (0x3130, "Hangul"),
    (0x3190, "Han"),
    (0xA000, "other"),
    (0xA720, "Latin"),
    (0xA800, "other"),
    (0xAC00, "Hangul"),
    (0xD800, "other"),
    (0xF900, "Han"),
    (0xFB00, "Latin"),
    (0xFB13, "other"),
    (0xFB50, "Arabic"),
    (0xFF00, "Latin"),
    (0xFF66, "kana"),
    (0xFFA0, "Hangul"),
    (0xFFE0, "other"),
    (0x1D400, "Latin"),
    (0x1D800, "other"),
    (0x20000, "Han"),
    (0x323B0, "other"),
)
"""Where the letters of a script begin (Unicode's blocks, as far as they are told apart here)."""
_STARTS = [start for start, _ in _BLOCKS]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageProfile:
    """What is known of a text's language."""

    scripts: Mapping[str, float]
    """Each script's share of the letters; empty if there are none."""
    language: str | None
    """By its function words; None if they do not tell."""


def hints(text: str) -> list[str]:
    """Return the languages of each function word in the text."""
    return [
        language for word in _WORD.findall(text.lower()) for language in LANGUAGES_OF.get(word, ())
    ]


def profile(text: str, languages: Iterable[str]) -> LanguageProfile:
    """Return a text's profile, given its `hints`."""
    return LanguageProfile(scripts=_scripts(text), language=_language(languages))


def language_divergence(ours: LanguageProfile, theirs: LanguageProfile) -> float:
    """
    Return how far apart two profiles are, in [0, 1].

    1 where both languages are known and differ; else the total variation distance between the
    shares of scripts, and 0 where one of the texts has no letters.
    """
    if ours.language and theirs.language and ours.language != theirs.language:
        return 1.0
    if not ours.scripts or not theirs.scripts or ours.scripts == theirs.scripts:
        return 0.0
    names = ours.scripts.keys() | theirs.scripts.keys()
    apart = math.fsum(
        abs(ours.scripts.get(name, 0.0) - theirs.scripts.get(name, 0.0)) for name in names
    )
    return min(1.0, apart / 2)


def _scripts(text: str) -> dict[str, float]:
    foreign = [] if text.isascii() else _NOT_ASCII_LETTER.findall(text)
    counts: Counter[str] = Counter()
    for letter, count in Counter(foreign).items():
        counts[_BLOCKS[bisect_right(_STARTS, ord(letter)) - 1][1]] += count
    if not counts.keys() - {"Latin"}:
        return {"Latin": 1.0} if counts or _WORD.search(text) else {}
    counts["Latin"] += sum(map(len, _WORD.findall(text))) - len(foreign)
    total = counts.total()
    return {script: count / total for script, count in counts.items() if count}


def _language(languages: Iterable[str]) -> str | None:
    ranked = Counter(languages).most_common(2)
    if not ranked or ranked[0][1] < _HINTS_MIN:
        return None
    return ranked[0][0] if len(ranked) == 1 or ranked[0][1] >= _LEAD * ranked[1][1] else None
