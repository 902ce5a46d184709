"""
The numbers that a text names.

No measure of overlap sees one wrong figure in a long answer. A number is read as far as it is
written in digits: with its sign, with commas that group thousands, with decimals. `1,000.50` and
`1000.5` are the same; what is built otherwise (a date, a version, an address) is held as written.
"""

from __future__ import annotations

import re
import unicodedata

from collections import Counter


_QUANTITY = re.compile(r"(?:(?<![\w)])[-\u2212])?\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_DECIMAL = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


def quantities(text: str) -> list[str]:
    """Return the numbers in their order, each in one way of writing it."""
    return [_canonical(found) for found in _QUANTITY.findall(text)]


def number_divergence(ours: Counter[str], theirs: Counter[str]) -> float:
    """
    Return how little of the numbers of two texts is the same, in [0, 1].

    One minus the F1 of the two multisets; 0 where neither text names a number.
    """
    total = ours.total() + theirs.total()
    return 1 - 2 * (ours & theirs).total() / total if total else 0.0


def _canonical(found: str) -> str:
    if not found.isascii():
        found = "".join(map(_ascii, found))
    sign, digits = ("-", found[1:]) if found[0] == "-" else ("", found)
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    if not _DECIMAL.fullmatch(digits):
        return found
    whole, _, part = digits.replace(",", ".").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    if not whole and not part:
        return "0"
    return f"{sign}{whole or '0'}{'.' if part else ''}{part}"


def _ascii(character: str) -> str:
    """Return a digit of any script, or a minus, as ASCII has it."""
    digit = unicodedata.decimal(character, None)
    return character.replace("\u2212", "-") if digit is None else str(digit)
