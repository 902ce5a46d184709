from __future__ import annotations

from typing import Any

import pytest

from shadowmon.records import NOTHING_ASKED, Question
from shadowmon.scoring.code.program import Code, beginning, code_in
from tests.humaneval import problems


STUB = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Add them up."""\n'
ASKED = Question(text=STUB)
BODY = "    return sum(xs)\n"
WHOLE = "def total(xs):\n    return sum(xs)\n"


def joined(source):
    return Code(language="python", source=source, parts=(source,))


def test_code_that_nobody_began():
    """Where the question begins no program, the answer's code is all of it."""
    assert code_in(NOTHING_ASKED, f"```py\n{WHOLE}```") == joined(WHOLE)


@pytest.mark.parametrize("problem", problems(), ids=lambda problem: problem.name)
def test_completion(problem):
    """A completion goes on where the question stopped."""
    assert code_in(problem.question, problem.solution) == joined(
        problem.question.text.lstrip() + problem.solution
    )


@pytest.mark.parametrize("answer", [WHOLE, f"Sure!\n```python\n{WHOLE}```\nDone."])
def test_answer_that_has_it_all(answer):
    """An answer that defines the function stands alone, after the question's imports."""
    assert code_in(ASKED, answer) == Code(language="python", source=WHOLE, parts=(STUB, WHOLE))


@pytest.mark.parametrize(
    "asked", [STUB, STUB.strip(), f"Complete this:\n\n```python\n{STUB}```\nPlease."]
)
@pytest.mark.parametrize("answer", [BODY, BODY.strip(), f"```python\n{BODY}```"])
def test_blanks_that_were_stripped(asked, answer):
    """A body is joined on a new line, and indented, where a server stripped the blanks."""
    code = code_in(Question(text=asked), answer)
    assert code is not None
    names: dict[str, Any] = {}
    (program,) = code.parts
    exec(program, names)
    assert names["total"]([1, 2]) == 3


def test_body_that_is_broken():
    """A body that cannot be parsed is still a body, and is what must be parsed."""
    assert code_in(ASKED, "    return (xs") == joined(f"{STUB}\n    return (xs")


def test_helper_that_does_not_go_on():
    """Code that is neither the function nor a body of it is run after the question's beginning."""
    other = "x = (1\n"
    assert code_in(ASKED, f"```python\n{other}```") == Code(
        language="python", source=other, parts=(STUB, other)
    )


def test_answer_in_words():
    """Words are no body."""
    assert code_in(ASKED, "I cannot do that.") is None


def test_answer_in_another_language():
    """Another language goes on from nothing."""
    found = code_in(ASKED, "```rust\nfn total() {}\n```")
    assert found == Code(language="rust", source="fn total() {}\n", parts=("fn total() {}\n",))


@pytest.mark.parametrize(
    "question",
    [
        "What is a class?",
        "import this\nprint('hello')",
        "def f(): pass\nf()",
        "Why does this fail?\n```python\nfor x in y: f(x)\n```",
        "Write this in Rust:\n```rust\nfn main() {}\n```",
        "def f(",
        "",
    ],
)
def test_questions_that_begin_no_program(question):
    """Only imports, constants and definitions are a beginning: nothing else of it is ever run."""
    assert beginning(question) is None


@pytest.mark.parametrize(
    ("question", "name"),
    [
        (STUB, "total"),
        ("def f(x):", "f"),
        ("Write it.\n\nclass A:\n    def f(self):", "A"),
        ("def helper(): return 1\n\ndef f(x):\n    # what now?", "f"),
    ],
)
def test_questions_that_begin_a_program(question, name):
    """A signature is a beginning, with or without a body."""
    found = beginning(question)
    assert found is not None
    assert found.name == name
