"""
chrF: how many character n-grams two texts share.

M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015. Equal to
sacrebleu's chrF2 with its defaults: orders 1 to 6, beta 2, white space left out, case kept, only
the orders for which both texts are long enough.
"""

from __future__ import annotations

from shadowmon.scoring.text.ngrams import Ngrams
from shadowmon.scoring.text.numbering import Characters


ORDER = 6
_BETA_SQUARED = 4


class Chrf:
    """chrF2 against one reference."""

    def __init__(self, reference: str) -> None:
        characters = "".join(reference.split())
        self._length = len(characters)
        self._characters = Characters(characters)
        self._ngrams = Ngrams(self._characters.codes(characters), self._characters.size, ORDER)

    def score(self, candidate: str) -> float:
        """
        Return chrF2 in [0, 1]; 0 where either text is blank.

        Not symmetric: recall (of the reference) weighs four times as much as precision.
        """
        candidate = "".join(candidate.split())
        orders = min(ORDER, self._length, len(candidate))
        if orders == 0:
            return 0.0
        matches = self._ngrams.shared(self._characters.codes(candidate))[:orders]
        precision = sum(m / (len(candidate) - k) for k, m in enumerate(matches)) / orders
        recall = sum(m / (self._length - k) for k, m in enumerate(matches)) / orders
        if precision + recall == 0:
            return 0.0
        return (1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall)


def chrf(reference: str, candidate: str) -> float:
    """Return chrF2 of two texts, as `Chrf.score`."""
    return Chrf(reference).score(candidate)
