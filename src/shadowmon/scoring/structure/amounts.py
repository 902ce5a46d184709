"""
Numbers as people and programs write them: `1,234.50`, `1.234,50`, `RM 9.00`, `-$12`, `5 %`.

Exact, in decimal: an order number is a number too, and its last digit counts.

Rule 1: a comma before exactly three digits groups them, and so does a point only if there are
several, or a decimal comma after it: `1,234` is a thousand and `1.234` is about one.
Rule 2: digits after a leading zero are no number but a name: `0012` is not 12.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from decimal import Decimal


_LENGTH_MAX = 48
"""Characters; beyond it nothing is an amount."""

_UNITS: dict[str, frozenset[str]] = {
    "$": frozenset({"USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD"}),
    "US$": frozenset({"USD"}),
    "A$": frozenset({"AUD"}),
    "C$": frozenset({"CAD"}),
    "HK$": frozenset({"HKD"}),
    "NZ$": frozenset({"NZD"}),
    "S$": frozenset({"SGD"}),
    "\u20ac": frozenset({"EUR"}),
    "\u00a3": frozenset({"GBP"}),
    "\u00a5": frozenset({"JPY", "CNY"}),
    "\u20b9": frozenset({"INR"}),
    "\u20a9": frozenset({"KRW"}),
    "\u20bd": frozenset({"RUB"}),
    "\u0e3f": frozenset({"THB"}),
    "\u20ba": frozenset({"TRY"}),
    "RM": frozenset({"MYR"}),
    "RS": frozenset({"INR", "LKR", "PKR"}),
    "RS.": frozenset({"INR", "LKR", "PKR"}),
    "KR": frozenset({"DKK", "NOK", "SEK"}),
    "%": frozenset({"%"}),
} | {
    code: frozenset({code})
    for code in (
        *("AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF"),
        *("IDR", "ILS", "INR", "JPY", "KRW", "LKR", "MXN", "MYR", "NOK", "NZD", "PHP", "PKR"),
        *("PLN", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "USD", "VND", "ZAR"),
    )
}
"""A sign, or a code of ISO 4217 -> what it may stand for; a percentage always has its sign."""

_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?P<minus>[-+\u2212]?)\s*(?P<before>{_UNIT})?\s*(?P<inner>[-+\u2212]?)"
    r"(?P<digits>(?!0\d)\d(?:[\d.,'\u2019\s]*\d)?(?:E[-+]?\d{1,3})?)"
    rf"\s*(?P<after>{_UNIT})?",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
"""Most numbers; what the others' rules would make of them too."""
_GROUPED = re.compile(
    r"""
      (?P<plain> \d+ (?: \. \d+ )? (?: E [-+]? \d+ )? )
    | (?P<comma> [1-9]\d{0,2} (?: , \d{3} )+ (?: \. \d+ )?
                | [1-9]\d? (?: , \d{2} )+ , \d{3} (?: \. \d+ )? )
    | (?P<point> \d{1,3} (?: \. \d{3} )+ , \d+ | \d{1,3} (?: \. \d{3} ){2,} )
    | (?P<blank> \d{1,3} (?: [\s'\u2019] \d{3} )+ (?: [.,] \d+ )? )
    | (?P<decimal> 0 , \d+ | \d+ , (?: \d{1,2} | \d{4,} ) )
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number, and its currency, or %, as far as it was written."""

    value: Decimal
    units: frozenset[str] = frozenset()
    """What the sign may stand for; empty if there was none."""


def amount(text: str) -> Amount | None:
    """Return the number that a text is, if it is nothing else."""
    if len(text) > _LENGTH_MAX:
        return None
    if _BARE.fullmatch(text):
        return Amount(value=Decimal(text))
    if not (found := _AMOUNT.fullmatch(text.strip())):
        return None
    before, after = found["before"], found["after"]
    value = _value(found["digits"])
    if value is None or (before and after) or (found["minus"] and found["inner"]):
        return None
    negative = {found["minus"], found["inner"]} & {"-", "\u2212"}
    units = _UNITS.get((before or after or "").upper(), frozenset())
    return Amount(value=-value if negative else value, units=units)


def same_written(one: str, other: str) -> bool:
    """Are both texts numbers, and the same one?"""
    if _BARE.fullmatch(one) and _BARE.fullmatch(other):
        return Decimal(one) == Decimal(other)
    ours = amount(one)
    theirs = None if ours is None else amount(other)
    return ours is not None and theirs is not None and same_amount(ours, theirs)


def same_amount(one: Amount, other: Amount) -> bool:
    """Are they the same? A currency that only one of them names is no difference; a % is."""
    if one.value != other.value:
        return False
    if one.units and other.units:
        return bool(one.units & other.units)
    return "%" not in one.units | other.units


def _value(digits: str) -> Decimal | None:
    """Return the number that grouped digits are; None if no rule of grouping allows them."""
    found = _GROUPED.fullmatch(digits)
    match found.lastgroup if found else None:
        case "plain":
            return Decimal(digits)
        case "comma":
            return Decimal(digits.replace(",", ""))
        case "point":
            return Decimal(digits.replace(".", "").replace(",", "."))
        case "blank":
            return Decimal(re.sub(r"[\s'\u2019]", "", digits).replace(",", "."))
        case "decimal":
            return Decimal(digits.replace(",", "."))
        case _:
            return None
