"""
Has a model lost itself in a loop?

No overlap measure sees loops well, and they are what a damaged model typically falls into.

Two signs, either is enough: the text *ends* in copies of one phrase, or most of the whole text has
been said before. The bounds were chosen on 3,219 answers of 7B and 13B chat models: the longest
tail of a sound text among them is 39 words (a chorus), and 15 answers (0.5 %) show a sign: loops,
and a few tables and drawings that repeat themselves by nature.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.scoring.text.words import words_and_marks


_TAIL_COPIES = 3
_TAIL_WORDS = 48
_REPEATED_SHARE = 0.6
_REPEATED_WORDS = 64
"""A shorter text says too little to call it repetitive as a whole."""


def repeats(text: str) -> bool:
    """Return whether the text has degenerated into repetition."""
    return degenerated(words_and_marks(text))


def degenerated(words: Sequence[str]) -> bool:
    """Return the same of a text's words and marks; most texts are cleared by counting words."""
    if len(words) < _TAIL_WORDS:
        return False
    # Each of the last words stands in each copy of a phrase that the text ends in.
    in_copies = all(words.count(word) >= _TAIL_COPIES for word in words[-4:])
    if in_copies and looping_tail(words) >= _TAIL_WORDS:
        return True
    # There are at least as many different runs of four words as different first words.
    few_words = len(set(words[:-3])) <= (1 - _REPEATED_SHARE) * (len(words) - 3)
    return few_words and len(words) >= _REPEATED_WORDS and repeated_share(words) > _REPEATED_SHARE


def looping_tail(words: Sequence[str]) -> int:
    """Return how many of the last words are at least three copies of one phrase; 0 if none are."""
    return max(
        (
            period + overlap
            for period, overlap in enumerate(_self_overlaps(words[::-1]))
            if period > 0 and overlap >= (_TAIL_COPIES - 1) * period
        ),
        default=0,
    )


def repeated_share(words: Sequence[str]) -> float:
    """Return the share of the runs of four words that stood in the text before, in [0, 1)."""
    runs = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def _self_overlaps(items: Sequence[str]) -> list[int]:
    """
    Return for each place how far the sequence goes on there as it began, in linear time.

    The Z-algorithm (D. Gusfield, "Algorithms on Strings, Trees and Sequences", 1997, section 1.4).
    """
    size = len(items)
    overlaps = [0] * size
    left = right = 0
    for at in range(1, size):
        overlap = min(right - at, overlaps[at - left]) if at < right else 0
        while at + overlap < size and items[overlap] == items[at + overlap]:
            overlap += 1
        if at + overlap > right:
            left, right = at, at + overlap
        overlaps[at] = overlap
    return overlaps
