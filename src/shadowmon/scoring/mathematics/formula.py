r"""What is a formula, as against a phrase; and one form for those that are the same at sight."""

from __future__ import annotations

import re

from shadowmon.scoring.text.normalize import phrase


FORMULA_MAX = 400
"""Characters; a longer one is compared as a phrase is."""

_FUNCTION = re.compile(
    "sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|log|exp|sqrt|max|min|mod|gcd|lcm"
    "|det|lim|inf|and"
)
_SHORT_PROSE = re.compile("a[mnst]|b[ey]|do|he|i[fst]|m[ey]|no|o[fn]|so|to|u[ps]|we")
"""Any other two letters may be a product of variables."""
_INFINITY = "\u221e"
_SET_WORDS = re.compile(r"\\(?:text|textrm|textbf|mathrm|mbox|operatorname)\s?\{[^{}]*\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]+")
_GREEK = re.compile(r"[\u0370-\u03ff]+")
_LETTERS_MIN = 3
"""A word of prose, in letters of Latin script."""
_MATHEMATICAL = re.compile(
    r"[\d=<>+*/^|()\[\]{}\u2264\u2265\u2208\u221a\u221e\u2013\u0370-\u03ff-]|\\[A-Za-z]"
)

_BLANK = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
"""Not the one between two numbers, which makes them two."""
_LOOKS = (
    (re.compile(r"\\(?:left|right|displaystyle|limits)(?![A-Za-z])|\\[,;:!]|\\q?quad|[~$]"), ""),
    (re.compile(r"\\\(|\\\)|\\\[|\\\]"), ""),
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:text|textrm|textbf|mathrm|mbox)\s?\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\^\{(\w)\}"), r"^\1"),
    (re.compile(r"_\{(\w)\}"), r"_\1"),
    (re.compile(r"\\le(?:q|qslant)?(?![A-Za-z])|\u2264"), "<="),
    (re.compile(r"\\ge(?:q|qslant)?(?![A-Za-z])|\u2265"), ">="),
    (re.compile(_INFINITY), r"\\infty"),
    (re.compile(r"\A\(([A-Za-z])\)\Z"), r"\1"),  # the choice (A)
)


def is_formula(text: str) -> bool:
    """Say whether a text is mathematics: no word of prose in it, and something to calculate."""
    has_terms = any(map(str.isalnum, text)) or _INFINITY in text
    if len(text) > FORMULA_MAX or not has_terms or text.count("{") != text.count("}"):
        return False
    rest = _SET_WORDS.sub(" ", text)
    words = _WORD.findall(_COMMAND.sub(" ", rest))
    return _MATHEMATICAL.search(rest) is not None and not any(map(_is_prose, words))


def normal_form(text: str) -> str:
    """
    Return a final answer as it is compared with another one: no layout, and words in one case.

    What is left of two formulas is the same only if they say the same; what differs may yet be
    equal (`x+1` and `1+x`).
    """
    for looks, plain in _LOOKS:
        text = looks.sub(plain, text)
    text = text.strip().rstrip(".,;:")
    return _BLANK.sub("", text) if is_formula(text) else phrase(text)


def _is_prose(word: str) -> bool:
    if not word.isascii():
        return _GREEK.fullmatch(word) is None
    lower = word.lower()
    if len(word) < _LETTERS_MIN:
        return _SHORT_PROSE.fullmatch(lower) is not None
    return _FUNCTION.fullmatch(lower) is None
