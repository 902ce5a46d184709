from __future__ import annotations

import time

import pytest

from shadowmon.scoring.mathematics.final_answer import final_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"We get \boxed{18}.", "18"),
        (r"\boxed{3}, or rather \boxed{x^{2}+{1}}, as 4 > 3.", "x^{2}+{1}"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\boxed{7}}", "7"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{5} and \boxed{6", "5"),
        (r"\boxed{5} and \boxed{}", "5"),
        (r"\boxed{x = 5}", "5"),
        (r"\boxed{x=1, y=2}", "x=1, y=2"),
        (r"\fbox{8}", "8"),
    ],
)
def test_boxes(text, answer):
    """The last box that is closed and holds something is the answer, braces and all."""
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5+3=8\n#### 18", "18"),
        ("5+3 = 9\nA: 18 apples", "18 apples"),
        ("The answer is 18. I checked it 3 times.", "18"),
        ("The **final answer** is: **$1,234.50**.", "$1,234.50"),
        ("**Answer:** \\(x^2\\)\n\nThere are 2 steps.", "x^2"),
        ("ANSWER: Monday\n(5 days)", "Monday"),
        ("Answer:\n\n$$x^2+1$$", "x^2+1"),
        ("## Final Answer\n\n18 dollars", "18 dollars"),
        ("The answer is $x^2 + 1$, which is positive for 3.", "x^2 + 1"),
        ("The answer is $18 and $5 more", "$18"),
        ("the answer is 5! = 120", "120"),
        ("The answer is 18!", "18"),
        ("Answer (in dollars): 20 - 2 = 18.\nBye 5", "18"),
        ("The answer is Monday. There are 5 days.", "Monday"),
        ("The answer is approx. 5", "5"),
        ("The answer is (B).", "(B)"),
        ("The answer is that there are 5 of them.", "5"),
    ],
)
def test_marked_answers(text, answer):
    """What is said to be the answer is the answer, whatever numbers stand around it."""
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("#### Step 2\nSo 5 apples are left.", "5"),
        ("Answer: First, she has 5 apples.\nThen 7 more.\nSo she has 12 in total.", "12"),
        ("Answer: Let us think step by step.\n5 and 7 make 12.", "12"),
        ("I will answer\nwith 5 and then 6 words.", "6"),
    ],
)
def test_what_only_looks_like_a_mark(text, answer):
    """A heading, or a mark before the reasoning, is not mistaken for the answer."""
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("First 3.\nTherefore the total = 5 + 3 = 8 dollars.", "8 dollars"),
        ("x = 5 or x = 3", "x = 5 or x = 3"),
        ("0 <= x < 1", "0 <= x < 1"),
        ("[0,1)", "[0,1)"),
        ("So\n\\[\n\\frac{1}{2}\n\\]", r"\frac{1}{2}"),
        ("The line\n$y$ has 2 ends:\n\ny = 2x + 1", "2x + 1"),
        (r"x \approx 3.14", "3.14"),
        ("18", "18"),
        ("`42`", "42"),
        ("1, 2, 3", "1, 2, 3"),
        ("12:30", "12:30"),
        ("Monday", "Monday"),
        (r"\text{Monday}", r"\text{Monday}"),
        ("Yes.", "Yes"),
    ],
)
def test_last_line(text, answer):
    """A last line that is a formula, or ends in one, is the answer; so is a single word."""
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("She has 18 apples.", "18"),
        ("It costs $3, then $18.00.", "$18.00"),
        ("The chance is 3/4 then.", "3/4"),
        ("It falls to \u22125 in the end.", "-5"),
        ("It needs 1\u00bd cups.", "1 1/2"),
        ("It is 1\u202f234 in all.", "1,234"),
        ("\u5171\u670918\u4e2a\u82f9\u679c\u3002", "18"),
        ("<think>\\boxed{3}</think>\nIt is 4.", "4"),
        ("It is $<<2*9=18>>18 for **all**.", "$18"),
    ],
)
def test_last_number(text, answer):
    """Otherwise the last number is the answer, in whatever typography."""
    assert final_answer(text) == answer


@pytest.mark.parametrize("text", ["", " \n ", "I cannot help with that.", "It is a Monday."])
def test_no_answer(text):
    """A text that comes to nothing has no final answer."""
    assert final_answer(text) is None


@pytest.mark.parametrize(
    "part",
    [
        *("\\boxed{", "{", "$", "$$ ", "\\[", "\\(a", "the answer is ", "answer (", "A:\n", "####"),
        *("=", "\n", "<<", "**", "1,", "1/", "1 ", "\\frac{", "9", " ", "1\u2009", "\\text{", ". "),
        *("# \t", "a"),
    ],
)
def test_hostile_texts(part):
    """A megabyte of anything is read in the time of a short text."""
    text = f"The answer is {part * (1_000_000 // len(part))}"
    began = time.perf_counter()
    final_answer(text)
    assert time.perf_counter() - began < 1.0


def test_cut_number_is_not_read():
    """Of a text that is too long to be read no number is cut in two."""
    assert final_answer("7" * 100_000) is None
    assert final_answer("7" * 100_000 + " 5") == "5"
