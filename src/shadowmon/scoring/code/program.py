"""
From a question and an answer to a Python program.

| the question | the answer's code | the program |
|---|---|---|
| begins no program | any | the code |
| begins one, with `def f` | defines `f` | the question's beginning, then the code |
| begins one, with `def f` | does not: it goes on where the question stopped | both, joined |

A question begins a program if its Python block, or else its text from the first line of code on,
is imports, constants and definitions, and a definition comes last, with or without a body. The
beginning is run before an answer that has it all, for its imports and its helpers.

Joined is as it stands, on a new line, or on a new line and indented, whichever can be compiled
first: chat servers strip blanks that mattered.
"""

from __future__ import annotations

import ast
import re
import warnings

from dataclasses import dataclass

from shadowmon.records import Question
from shadowmon.scoring.code.blocks import PYTHON, Block, code_of
from shadowmon.scoring.code.syntax import SOURCE_MAX_CHARS, parses_as_python


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DECLARATIONS = (*_DEFINITIONS, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
_FIRST_LINE = re.compile(
    r"^(?:from\s+\S+\s+import\b|import\s|(?:async\s+)?def\s|class\s|@\w)", re.MULTILINE
)
_GOES_ON = re.compile(
    r"[ \t]|(?:return|for|if|while|with|try|raise|yield|assert|pass)\b|[A-Za-z_][\w.]*\s*[=(\[]"
)
"""What a body begins with, where an answer without fences is one."""
_JOINTS = ("", "\n", "\n    ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The program that a question begins."""

    source: str
    name: str
    """Of the function or class that it ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code of an answer, in the light of its question."""

    language: str
    """Empty if nobody says."""
    source: str
    """What must be possible to parse: the answer's code, with what it goes on from."""
    parts: tuple[str, ...]
    """What is run, one after the other."""


def code_in(question: Question, text: str, language: str = "") -> Code | None:
    """
    Return the code of an answer to this question; None if it has none.

    Args:
        question: What was asked.
        text: What was answered.
        language: Of several blocks, those in this language count (blocks.py).

    """
    begun = beginning(question.text)
    block = code_of(text, language or (PYTHON if begun else ""))
    if block is None and begun and _GOES_ON.match(text.lstrip("\r\n")):
        block = Block(language=PYTHON, source=text)
    if block is None:
        return None
    if begun is None or block.language not in {PYTHON, ""}:
        return Code(language=block.language, source=block.source, parts=(block.source,))
    joined = None if _defines(block.source, begun.name) else _joined(begun.source, block.source)
    if joined is None:
        return Code(language=PYTHON, source=block.source, parts=(begun.source, block.source))
    return Code(language=PYTHON, source=joined, parts=(joined,))


def beginning(question: str) -> Beginning | None:
    """Return the program that a question begins; None if it begins none."""
    block = code_of(question, PYTHON) if "```" in question or "~~~" in question else None
    source = question if block is None else block.source
    first = _FIRST_LINE.search(source)
    if first is None or (block and block.language not in {PYTHON, ""}):
        return None
    source = source[first.start() :]
    body = _body(source) or _body(_with_a_body(source))
    if not body or not all(isinstance(each, _DECLARATIONS) for each in body):
        return None
    last = body[-1]
    return Beginning(source=source, name=last.name) if isinstance(last, _DEFINITIONS) else None


def _with_a_body(source: str) -> str:
    """Give the last line, which should be a signature or a comment below it, something to do."""
    last = source.rstrip().rpartition("\n")[2]
    indent = len(last) - len(last.lstrip())
    return f"{source.rstrip()}\n{' ' * (indent + 4)}pass\n"


def _body(source: str) -> list[ast.stmt]:
    """Return the statements; none if it is no Python."""
    if len(source) > SOURCE_MAX_CHARS or not parses_as_python(source):
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source).body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return []


def _joined(begun: str, source: str) -> str | None:
    """Return both as one; None if nothing makes one of them."""
    for joint in _JOINTS:
        joined = begun + joint + source
        if parses_as_python(joined):
            return joined
    indented = source.lstrip("\r\n")[:1] in {" ", "\t"}
    return f"{begun}\n{source}" if indented else None


def _defines(source: str, name: str) -> bool:
    return (
        re.search(rf"^(?:async\s+def|def|class)\s+{re.escape(name)}\b", source, re.MULTILINE)
        is not None
    )
