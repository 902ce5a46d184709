r"""
Find the final answer in what a model wrote, in the order in which models mean it:

1. the last `\boxed{...}`;
2. what is marked as the answer: `#### 18`, `A: 18`, `the answer is 18`;
3. the last line, if it is a formula or ends in `= 18`; or the whole text, if it is one word;
4. the last number in the text.

The final answer is the words of the model: a number as it is written, a formula, or a short phrase.
Only the end of a long text is read, and every step takes time in proportion to it.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from typing import TypeVar

from shadowmon.scoring.mathematics.formula import is_formula
from shadowmon.scoring.mathematics.legible import legible, without_calculations
from shadowmon.scoring.mathematics.number import number, numbers_in


_Found = TypeVar("_Found")

PHRASE_WORDS_MAX = 4
"""Words of an answer in words; more are not the answer but a thought about it."""
WORD_MAX = 80
"""Characters of a text that is one word."""

_BRACES = re.compile(r"\\(?:boxed|fbox)\s?\{|\\.|[{}]", re.DOTALL)
_HASHES = re.compile(r"\n####[ \t]*(.*)")
_MARKS = (
    ("\na:", re.compile(r"\nA:[ \t]*")),
    (
        "answer",
        re.compile(
            r"\b(?:final[ ]|the[ ])?answer(?:[ ]?\([^()\n]{0,40}\))?"
            r"(?:[ ](?:is|are)\b[ \t]*:?|[ \t]*[:=])\s{0,4}",
            re.IGNORECASE,
        ),
    ),
    ("answer", re.compile(r"\n[# \t]*(?:the[ ]|final[ ])*answer[ \t]*\n\s{0,4}", re.IGNORECASE)),
)
"""What is always in a mark, in lower case, and how the mark is written."""
_MATH = re.compile(r"\$\$?(?=[^\s$])([^$\n]*[^\s$])\$\$?(?!\d)|\\\((.*?)\\\)|\\\[(.*?)\\\]")
"""Mathematics in a line of Markdown or LaTeX; two amounts in dollars are none."""
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)|\u2248|\\approx(?![A-Za-z])")
_VARIABLE = re.compile(r"\s*[A-Za-z]\s*=")
_SEVERAL = re.compile(r"[,;]\s|\b(?:or|and)\b")
_WORD = re.compile(r"\(?[^\W\d_]+\)?|\\text\{[^{}]*\}")
_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z]|\s*\Z)")


def final_answer(text: str) -> str | None:
    """Return the final answer of a text as it is written there; None if there is none."""
    text = legible(text)
    marked = _boxed(text) or _hashed(f"\n{text}") or _marked(f"\n{text}")
    if marked is not None:
        return marked
    text = without_calculations(text)
    return _last_line(text) or _only_word(text) or _last_number(text)


def _boxed(text: str) -> str | None:
    """Return what the box holds that was opened last, of those that are closed and not empty."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return None
    last_start, last = -1, None
    opened: list[tuple[int, bool]] = []
    for brace in _BRACES.finditer(text):
        if brace[0] == "}":
            start, is_box = opened.pop() if opened else (0, False)
            if is_box and start > last_start and (inside := text[start : brace.start()].strip()):
                last_start, last = start, inside
        elif brace[0].endswith("{") and brace[0] != r"\{":
            opened.append((brace.end(), brace[0] != "{"))
    return _right_side(last) if last is not None and _VARIABLE.match(last) else last


def _hashed(text: str) -> str | None:
    """Return what GSM8K marks; headings of Markdown begin in the same way, with words."""
    lines = _HASHES.findall(text) if "\n####" in text else ()
    return _exact(_right_side(without_calculations(lines[-1]))) if lines else None


def _marked(text: str) -> str | None:
    lower = text.lower()
    for always, mark in _MARKS:
        last = _last(mark.finditer(text)) if always in lower else None
        if last is not None:
            line, _, rest = text[last.end() :].partition("\n")
            line = without_calculations(line).strip()
            if found := _in_sentence(line, is_last=not rest.strip()):
                return found
    return None


def _in_sentence(line: str, *, is_last: bool) -> str | None:
    """
    Return the answer in a line that is said to hold it: a formula, a number, or a short phrase.

    Where the text goes on, a number in the middle of the line may be but the first of many.
    """
    if line.isdecimal():
        return line
    inside = _mathematics(line)
    side = _right_side(_SENTENCE_END.split(line, maxsplit=1)[0] if inside is None else inside)
    if exact := _exact(side):
        return exact
    first = next(numbers_in(side), None)
    if first is not None and (is_last or side.startswith(first)):
        return first
    return side if 0 < len(side.split()) <= PHRASE_WORDS_MAX else None


def _last_line(text: str) -> str | None:
    """Return the last line if it is a formula, or the right side of an equation it ends in."""
    line = _display(text) or next(
        (each for each in reversed(text.splitlines()) if any(map(str.isalnum, each))), ""
    )
    line = line.strip()
    return _exact(_right_side(_mathematics(line) or line))


def _exact(side: str) -> str | None:
    return side if number(side) is not None or is_formula(side) else None


def _mathematics(line: str) -> str | None:
    """Return the mathematics that a line begins with; None if it begins with words."""
    match = _MATH.match(line)
    return None if match is None else match[1] or match[2] or match[3] or ""


def _display(text: str) -> str | None:
    """Return the formula that a text ends in, set apart from it on lines of its own."""
    for opening, closing in (("\\[", "\\]"), ("$$", "$$")):
        if text.endswith(closing):
            start = text.rfind(opening, 0, -len(closing))
            if start >= 0:
                inside = text[start + len(opening) : -len(closing)]
                return " ".join(inside.split())
    return None


def _right_side(line: str) -> str:
    """Return what stands right of the last equals sign; all, where the line says several things."""
    *left, right = _EQUALS.split(line)
    says_several = len(left) > 1 and _SEVERAL.search(line)
    side = right if right.strip() and not says_several else line
    return side.strip().strip("*_`").rstrip(".,;:").strip()


def _only_word(text: str) -> str | None:
    word = text[:WORD_MAX].rstrip(".!")
    return word if len(text) <= WORD_MAX and _WORD.fullmatch(word) else None


def _last_number(text: str) -> str | None:
    return _last(numbers_in(text))


def _last(found: Iterable[_Found]) -> _Found | None:
    last = None
    for each in found:
        last = each
    return last
