r"""
A number as models write it, read exactly.

Read are whole numbers and decimals (with commas between thousands), fractions (`3/4`,
`\frac{3}{4}`), mixed numbers (`1 1/2`), powers of ten (`1e3`, `1.5 \times 10^{3}`), a currency
sign, a percent sign, and a unit behind it, which does not count: a question asks for one quantity.
Everything else, `2x` and `\sqrt{4}` too, is no number here.

A text may be hostile: what has more digits, or a larger exponent, than anybody means is no number,
so that reading one takes no more time and memory than a short text does.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from shadowmon.scoring.mathematics.units import FACTORS, PERCENT, unit_of


LENGTH_MAX = 400
"""Characters of a number; a longer one is not read."""
EXPONENT_MAX = 400
"""Powers of ten, either way."""

_DECIMAL = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
_TIMES = r"(?:\\times|\\cdot|[*x\u00d7\u00b7])"
_CURRENCY = r"\\?[$\u20ac\u00a3\u00a5\u20b9]"  # dollar, euro, pound, yen, rupee
_NUMBER = rf"""
    (?:(?<![\w)\]}}])(?P<sign>[-+]))?
    (?<![A-Za-z0-9_.])
    (?:{_CURRENCY}\s?(?P<inner_sign>-)?)?
    (?:
        (?:(?P<parts>\d+)\s?)? \\[dtc]?frac\s?
        (?: \{{\s?(?P<top>-?{_DECIMAL})\s?\}}\s?\{{\s?(?P<bottom>{_DECIMAL})\s?\}}
          | (?P<top_digit>\d)(?P<bottom_digit>\d) )
      | (?:(?P<wholes>\d+)\s)? (?P<over>{_DECIMAL})\s?/\s?(?P<under>{_DECIMAL})
      | (?:(?P<factor>{_DECIMAL})\s?{_TIMES}\s?)?
        10\s?\^\s?(?:\{{\s?(?P<power>[-+]?\d+)\s?\}}|(?P<bare_power>[-+]?\d+))
      | (?P<plain>{_DECIMAL})(?:[eE](?P<exponent>[-+]?\d+))?
    )
    (?P<percent>\s?\\?%)?
"""
_SEARCH = re.compile(_NUMBER, re.VERBOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An exact number."""

    value: Fraction
    """As written: of `50%` it is 50."""
    is_percent: bool = False


def number(text: str) -> Number | None:
    """Return the number that a text is, with its unit or without; None if it is none."""
    text = text.strip()
    if len(text) > LENGTH_MAX:
        return None
    if text.isdecimal():  # most answers
        return Number(value=Fraction(int(text)))
    match = _SEARCH.match(text)
    if match is None:
        return None
    value, unit = _value(match), unit_of(text[match.end() :])
    if value is None or unit is None:
        return None
    factor = FACTORS.get(unit)
    is_percent = match["percent"] is not None or unit == PERCENT
    return Number(value=value if factor is None else factor * value, is_percent=is_percent)


def numbers_in(text: str) -> Iterator[str]:
    """Yield the numbers that stand in a text, as they are written, without their units."""
    return (match[0] for match in _SEARCH.finditer(text))


def same_number(one: Number, other: Number) -> bool:
    """
    Say whether two numbers are the same, exactly.

    A percentage is the number that it is written with (the question asked for per cent), and, held
    against a plain number, also its hundredth: `50%` is `50`, and it is `0.5`.
    """
    if one.value == other.value:
        return True
    if one.is_percent == other.is_percent:
        return False
    percentage, plain = (one, other) if one.is_percent else (other, one)
    return percentage.value == 100 * plain.value


def _value(match: re.Match[str]) -> Fraction | None:
    """Return what was matched as a fraction; None beyond `EXPONENT_MAX`, or divided by zero."""
    top = match["top"] or match["top_digit"] or match["over"]
    if top is not None:
        bottom = _decimal(match["bottom"] or match["bottom_digit"] or match["under"])
        if bottom == 0:
            return None
        value = int(match["parts"] or match["wholes"] or 0) + _decimal(top) / bottom
    else:
        exponent = match["exponent"] or match["power"] or match["bare_power"]
        value = _decimal(match["plain"] or match["factor"] or "1")
        if exponent is not None:
            if abs(int(exponent)) > EXPONENT_MAX:
                return None
            value *= Fraction(10) ** int(exponent)
    is_negative = (match["sign"] == "-") != (match["inner_sign"] is not None)
    return -value if is_negative else value


def _decimal(text: str) -> Fraction:
    digits = text.replace(",", "")
    return Fraction(int(digits)) if digits.isdecimal() else Fraction(digits)
