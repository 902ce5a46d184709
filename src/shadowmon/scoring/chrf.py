"""
chrF: how many character n-grams two texts share.

M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015. Equal to
sacrebleu's chrF2 with its defaults: orders 1 to 6, beta 2, white space left out, case kept, only
the orders for which both texts are long enough.

Counting is exact, no hashing. A 6-gram is packed into one integer, its first character in the
highest bits, so that the sorted list of all 6-grams is also sorted by every shorter prefix: one
sort of both texts together serves all six orders, and equal n-grams are neighbours.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt


ORDER = 6
_BETA_SQUARED = 4
_BITS = 10
"""Of one character's code. Six of them and the bit that tells the texts apart fit into an int64."""
_ALPHABET_MAX = (1 << _BITS) - 1
"""Code 0 stands for "after the end of the text"."""

_Integers = npt.NDArray[np.int64]


def chrf(reference: str, candidate: str) -> float:
    """
    Return chrF2 in [0, 1]; 0 where either text is blank.

    Not symmetric: recall (of the reference) weighs four times as much as precision.
    """
    reference, candidate = "".join(reference.split()), "".join(candidate.split())
    orders = min(ORDER, len(reference), len(candidate))
    if orders == 0:
        return 0.0
    matches = shared_ngrams(reference, candidate)
    precision = sum(m / (len(candidate) - k) for k, m in enumerate(matches)) / orders
    recall = sum(m / (len(reference) - k) for k, m in enumerate(matches)) / orders
    if precision + recall == 0:
        return 0.0
    return (1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall)


def shared_ngrams(one: str, other: str) -> list[int]:
    """
    Return how many n-grams the two texts share, for n = 1, 2, … as far as both have any.

    An n-gram that stands in them i and j times is shared min(i, j) times.
    """
    codes, alphabet = _codes(one + other)
    if alphabet > _ALPHABET_MAX:  # very long texts in Han characters; four times as slow
        return shared_ngrams_plainly(one, other)
    both = np.concatenate((_packed(codes[: len(one)]) << 1, _packed(codes[len(one) :]) << 1 | 1))
    both.sort()
    orders = min(ORDER, len(one), len(other))
    return [_shared(both, order) for order in range(1, orders + 1)]


def shared_ngrams_plainly(one: str, other: str) -> list[int]:
    """Do what `shared_ngrams` does, for any alphabet."""
    orders = min(ORDER, len(one), len(other))
    return [(_ngrams(one, n) & _ngrams(other, n)).total() for n in range(1, orders + 1)]


def _ngrams(text: str, n: int) -> Counter[str]:
    return Counter(text[i : i + n] for i in range(len(text) - n + 1))


def _codes(text: str) -> tuple[_Integers, int]:
    """Number the characters 1, 2, … by code point; return also how many different there are."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    alphabet = np.unique(points)
    return np.searchsorted(alphabet, points).astype(np.int64) + 1, len(alphabet)


def _packed(codes: _Integers) -> _Integers:
    """Return the 6-gram that starts at each character; beyond the end it is filled up with 0."""
    length = len(codes)
    padded = np.concatenate((codes, np.zeros(ORDER - 1, np.int64)))
    grams = codes.copy()
    for at in range(1, ORDER):
        grams <<= _BITS
        grams |= padded[at : at + length]
    return grams


def _shared(both: _Integers, order: int) -> int:
    """Count the shared n-grams of one order in the sorted 6-grams of both texts."""
    grams = both >> (1 + _BITS * (ORDER - order))
    whole = (grams & _ALPHABET_MAX) != 0
    grams, in_other = grams[whole], both[whole] & 1
    starts = np.flatnonzero(np.concatenate(([True], grams[1:] != grams[:-1])))
    others = np.add.reduceat(in_other, starts)
    ones = np.diff(starts, append=len(grams)) - others
    return int(np.minimum(ones, others).sum())
