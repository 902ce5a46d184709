"""
A text as words, for counting and for finding loops; not for ROUGE, which has a rule of its own.

Scripts that write no space between words (Han, kana, Thai, Lao, Burmese, Khmer) count by the
character: a whole sentence would be one word otherwise.
"""

from __future__ import annotations

import re


_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # kana
    "\u3400-\u9fff"  # Han
    "\uf900-\ufaff"  # Han, compatibility
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_WORD_OR_MARK = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")


def words(text: str) -> list[str]:
    """Return the words, without punctuation."""
    return _WORD.findall(text)


def words_and_marks(text: str) -> list[str]:
    """Return the words, and each punctuation mark on its own."""
    return _WORD_OR_MARK.findall(text)
