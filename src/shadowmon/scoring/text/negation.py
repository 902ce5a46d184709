"""
How often a text says no.

No measure of overlap sees one word that turns a sentence into its opposite. Counted are the plain
words of negation of some widely used languages; a word that negates in one of them and means
something else in another is counted in both texts alike, and so only adds noise.
"""

from __future__ import annotations

import re


_NEGATIVE = (
    "not no never none cannot neither nor nothing nobody nowhere without"
    " nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne weder"
    " pas jamais rien aucun aucune sans nunca jamás nada nadie ningún ninguna ninguno sin"
    " non mai niente nessun nessuno nessuna senza não nenhum nenhuma ninguém sem"
    " niet geen nooit niets niemand zonder inte ingen inget aldrig utan"
    " не нет ни никогда никто ничего без"
)
_WORDS = frozenset(_NEGATIVE.split())
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019]t\b)?")
_WITHOUT_BLANKS = re.compile(
    "[\u4e0d\u6ca1\u6c92\u65e0\u7121\u672a]"  # Han: not, none, without, not yet
    "|\u306a\u3044|\u307e\u305b\u3093|\u306a\u304b"  # kana: -nai, -masen, -naka(tta)
    "|\u0e44\u0e21\u0e48"  # Thai: mai
)
_FARTHEST = 0.05
"""Of the words: a difference of one in twenty is as far apart as can be. Texts negate with one or
two words in a hundred."""


def negations(text: str) -> int:
    """Return how many words of the text negate."""
    found = _WORD.findall(text.lower())
    plain = sum(word in _WORDS or word[-2:] in {"'t", "\u2019t"} for word in found)
    return plain if text.isascii() else plain + len(_WITHOUT_BLANKS.findall(text))


def negation_divergence(ours: tuple[int, int], theirs: tuple[int, int]) -> float:
    """
    Return how far apart the rates of negation of two texts are, in [0, 1].

    Args:
        ours: Of one text, how many of its words negate, and how many words it has.
        theirs: The same of the other text.
    """
    ours_rate, theirs_rate = (count / size if size else 0.0 for count, size in (ours, theirs))
    return min(1.0, abs(ours_rate - theirs_rate) / _FARTHEST)
