r"""A model's text without what only decorates it, so that numbers in it look alike."""

from __future__ import annotations

import re


TEXT_MAX = 32_768
"""Characters that are read, from the end: a final answer stands there."""

_THOUGHTS_END = "</think>"
"""Of models that think aloud in their answer: what they conclude comes after it."""

_LOOKS = str.maketrans(
    {
        "\u2212": "-",  # minus sign
        "\ufe63": "-",  # small hyphen-minus
        "\uff0d": "-",  # full-width hyphen-minus
        "\u2044": "/",  # fraction slash
        "\uff05": "%",
        "\uff1d": "=",
        "\u00bd": " 1/2",
        "\u00bc": " 1/4",
        "\u00be": " 3/4",
        "\u2153": " 1/3",
        "\u2154": " 2/3",
        "\u200b": None,  # zero-width space
        "\ufeff": None,
    }
)
_CALCULATION = re.compile(r"<<[^<>]*>>")
_BOLD = re.compile(r"(?<![\w)])\*\*|\*\*(?![\w(])")
"""Not the power of `2**3`."""
_THOUSANDS = re.compile(
    r"(?<=\d)(?:\{,\}|\\,|,\\!|[\u00a0\u2009\u202f])(?=\d{3}(?!\d))"  # no-break and thin spaces
)


def legible(text: str) -> str:
    """Return the text's end in plain typography: one kind of minus sign, commas in thousands."""
    if len(text) > TEXT_MAX:
        # A number that is cut in two is another number.
        text = text[-TEXT_MAX:].partition(" ")[2]
    if _THOUGHTS_END in text:
        text = text.rpartition(_THOUGHTS_END)[2]
    is_ascii = text.isascii()
    if not is_ascii:
        text = text.translate(_LOOKS)
    if "**" in text:
        text = _BOLD.sub("", text)
    if not is_ascii or "\\" in text or "{,}" in text:
        text = _THOUSANDS.sub(",", text)
    return text.strip()


def without_calculations(text: str) -> str:
    """Return a text without what GSM8K's models write for their calculator: `<<2*9=18>>`."""
    return _CALCULATION.sub("", text) if "<<" in text else text
