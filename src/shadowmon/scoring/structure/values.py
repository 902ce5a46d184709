"""
Do two values of JSON answers say the same, and if not, how much of it?

By default as a person would judge who reads them: `"1,234.50"` is 1234.5, `25/12/2018` is
`2018-12-25`, and capitals are layout. With `scoring.typed_fields` as a program would that consumes
them: then a number is never a string.
"""

from __future__ import annotations

import math
import unicodedata

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeGuard

from shadowmon.scoring.structure.amounts import Amount, amount, same_amount, same_written
from shadowmon.scoring.structure.dates import same_date
from shadowmon.scoring.text.words import words


WHOLE = 2520
"""
What a value that agrees is worth.

Credit is counted in whole numbers, so that it adds up the same in any order; all numbers up to ten
divide this one.
"""

_ROUNDING = 1e-6
"""A tolerance below it is for rounding, of which whole numbers have none."""
_NUMBERS = (int, float)
_YES, _NO = frozenset({"true", "yes"}), frozenset({"false", "no"})


class Values:
    """Compares values that are neither objects nor arrays with anything in them."""

    def __init__(self, *, tolerance: float, typed: bool, fold: bool) -> None:
        """
        Take what is tolerated.

        Args:
            tolerance: Relative difference up to which two numbers are the same.
            typed: Whether 1 and "1" differ, and two ways of writing a date or an amount.
            fold: Whether case and compatibility forms of a string (UAX #15) make no difference.
                Blanks never do.
        """
        self._tolerance = tolerance
        self._typed = typed
        self._plain = _folded if fold else _tidy

    def same(self, one: object, other: object) -> bool:
        """Say whether two values agree: `true` is never 1, and null is nothing else."""
        if isinstance(one, str) and isinstance(other, str):
            return one == other or self._same_text(one, other)
        if _is_number(one) and _is_number(other):
            return self._close(one, other)
        if type(one) is type(other):
            return bool(one == other)
        if self._typed:
            return False
        if isinstance(one, str):
            return self._is_written(one, other)
        return isinstance(other, str) and self._is_written(other, one)

    def credit(self, one: object, other: object) -> int:
        """
        Return how much of two values that do not agree is the same, from 0 to `WHOLE`.

        Of two strings the F1 of their words, as in SQuAD (P. Rajpurkar et al., EMNLP 2016, section
        6.1, without its English articles); of anything else nothing.
        """
        if not (isinstance(one, str) and isinstance(other, str)):
            return 0
        ours, theirs = words(_folded(one)), words(_folded(other))
        shared = _in_both(ours, theirs)
        return round(WHOLE * 2 * shared / (len(ours) + len(theirs))) if shared else 0

    def _same_text(self, one: str, other: str) -> bool:
        if self._plain(one) == self._plain(other):
            return True
        if self._typed:
            return False
        return same_written(one, other) or same_date(one, other)

    def _is_written(self, text: str, value: object) -> bool:
        """Is this text a way to write the number, or the boolean?"""
        if isinstance(value, bool):
            return text.strip().casefold() in (_YES if value else _NO)
        found = amount(text) if _is_number(value) else None
        if found is None or not _is_number(value):
            return False
        exact = Amount(value=_decimal(value))
        close = self._close(_number(found.value), value) and "%" not in found.units
        return close or same_amount(found, exact)

    def _close(self, one: float, other: float) -> bool:
        """Compare two numbers; whole ones beyond the range of a float only exactly."""
        if one == other:
            return True
        if isinstance(one, int) and isinstance(other, int) and self._tolerance < _ROUNDING:
            return False
        try:
            near = math.isclose(one, other, rel_tol=self._tolerance)
        except OverflowError:
            return False
        return near or (math.isnan(one) and math.isnan(other))


def _in_both(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Count the words that stand in both, as often as in both."""
    mine, yours = set(ours), set(theirs)
    if len(mine) == len(ours) and len(yours) == len(theirs):
        return len(mine & yours)
    return (Counter(ours) & Counter(theirs)).total()


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _folded(text: str) -> str:
    """Return NFKC_Casefold, nearly (UAX #15, #44), with single blanks."""
    if text.isascii():
        return " ".join(text.split()).casefold()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _decimal(number: float) -> Decimal:
    """Return the number as it is written, 0.1 for a tenth; not what a float makes of it."""
    return Decimal(number if isinstance(number, int) else repr(number))


def _number(value: Decimal) -> float:
    return int(value) if value == value.to_integral_value() else float(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)
