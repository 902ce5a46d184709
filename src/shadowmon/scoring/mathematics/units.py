r"""
What may stand behind a number without making another number of it.

`18 dollars per day`, `5kg`, `3\text{ cm}^2`, `90^\circ`: a unit. `2x`, `5 pi`, `3 or 4`: none.
"""

from __future__ import annotations

import re

from types import MappingProxyType


PERCENT = "percent"
FACTORS = MappingProxyType(
    {
        "dozen": 12,
        "hundred": 10**2,
        "thousand": 10**3,
        "million": 10**6,
        "billion": 10**9,
        "trillion": 10**12,
    }
)
"""By the word: these count."""

_NO_UNIT = re.compile(
    r"\b(?:and|choose|cos|cot|csc|cubed|divided|exp|factorial|ln|log|minus|mod|modulo|or|over|past"
    r"|permute|pi|plus|sec|sin|sqrt|squared|tan|times|to)\b"
)
"""Words that make something else of the number before them."""
_SHORT = re.compile("[cdm]l|[ckm]m|[km]g|[gkm]b|ft|hr|[mk]ph|k?hz|kw|lbs?|mi|ms|oz|yd")
"""Units of two letters, and others that are written close to the number."""

_CLOSE_LETTERS_MIN = 4
"""A word that touches the number is a unit from this length on; a shorter one may be variables."""
_LETTERS_MIN = 3
"""The same of a word after a blank."""

_FIRST = re.compile("[a-z]+")
_SPACE = r"(?:\s|~|\\[ ,;:!]|\\quad)*"
_SUPERSCRIPT = r"(?:\^\{?[23]\}?|[\u00b2\u00b3])?"
_UNIT = re.compile(
    rf"""
    (?P<space>{_SPACE})
    (?: (?P<sign> \u00b0[CF]? | \^?\{{?\\circ\}}?(?:\s?[CF])? | \\?[$%\u20ac\u00a3\u00a5] )
      | \\(?:text|textrm|textbf|mathrm|mbox|operatorname)\s?\{{(?P<inside>[^{{}}]*)\}}{_SUPERSCRIPT}
      | (?P<words>[A-Za-z]+(?:[\s/-]{{1,2}}[A-Za-z]+)*){_SUPERSCRIPT}
    )?
    {_SPACE}[.,;:]?
    """,
    re.VERBOSE,
)


def unit_of(text: str) -> str | None:
    """
    Return the unit that stands behind a number, in lower case.

    Returns:
        Its first word (`percent`, a key of `FACTORS`, or one that does not count), the empty string
        if there is nothing behind the number, and None if what is there is no unit.

    """
    match = _UNIT.fullmatch(text)
    if match is None:
        return None
    words = match["words"]
    named = (match["inside"] or words or "").lower()
    first = _FIRST.search(named)
    if first is None:
        return ""
    is_unit = words is None or _is_unit(first[0], touches=not match["space"])
    return first[0] if is_unit and _NO_UNIT.search(named) is None else None


def _is_unit(word: str, *, touches: bool) -> bool:
    return _SHORT.fullmatch(word) is not None or len(word) >= (
        _CLOSE_LETTERS_MIN if touches else _LETTERS_MIN
    )
