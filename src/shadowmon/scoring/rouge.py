"""
ROUGE-L: how much of two texts is the same words in the same order.

C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL workshop 2004, section
3.1. Equal, to the last bit, to the figure of the `rouge-score` package (default tokenizer, no
stemmer), which most published figures were computed with. That rule of words knows only a to z and
0 to 9: a text of another script has none, and ROUGE-L says nothing about it.
"""

from __future__ import annotations

import re

from collections.abc import Sequence

from rapidfuzz.distance import LCSseq


_TOKEN = re.compile(r"[a-z0-9]+")


def tokens(text: str) -> list[str]:
    """Return the words that ROUGE counts."""
    return _TOKEN.findall(text.lower())


def rouge_l(reference: Sequence[str], candidate: Sequence[str]) -> float:
    """
    Return the F1 of ROUGE-L over two texts' tokens, in [0, 1].

    Symmetric; 1 for the same tokens in the same order, 0 where either text has none.
    """
    common = LCSseq.similarity(reference, candidate)
    if common == 0:
        return 0.0
    precision, recall = common / len(candidate), common / len(reference)
    return 2 * precision * recall / (precision + recall)
