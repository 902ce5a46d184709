"""
Whether two final answers are the same, as far as it can be seen without proving anything.

Two numbers are compared exactly. Two texts that are written alike are the same; a phrase that is
written otherwise is another phrase. Only formulas are left: they may be equal and look different.
"""

from __future__ import annotations

from shadowmon.scoring.mathematics.final_answer import final_answer
from shadowmon.scoring.mathematics.formula import is_formula, normal_form
from shadowmon.scoring.mathematics.number import number, same_number
from shadowmon.scoring.text.normalize import phrase


def same_at_sight(one: str, other: str) -> bool | None:
    """Say whether two final answers are the same; None if only a proof can tell."""
    if one == other:
        return True
    ours, theirs = number(one), number(other)
    if ours is not None and theirs is not None:
        return same_number(ours, theirs)
    if normal_form(one) == normal_form(other):
        return True
    if (ours is None and not is_formula(one)) or (theirs is None and not is_formula(other)):
        return False
    return None


def canonical(text: str) -> str:
    """
    Return the final answer of a text (a model's answer, or a label) in one form.

    Two numeric answers that are equal have equal forms: a reduced fraction `a/b`, or a whole
    number. A percentage has the form of the number that it is written with: `50%` that of `50`, and
    not that of `0.5`. Formulas have equal forms only if they are written alike. A text without a
    final answer is its own form, but for blanks and capitals.
    """
    answer = final_answer(text)
    if answer is None:
        return phrase(text)
    read = number(answer)
    return normal_form(answer) if read is None else str(read.value)
