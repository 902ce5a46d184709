"""
Can a piece of code be parsed?

Python is asked by `compile`: a grammar alone takes `return` outside of a function, two arguments of
one name and bad indentation for right. Other languages are asked by tree-sitter's grammars (extra
`code`). Of a language without a grammar, or where the extra is not installed, nothing is said.
"""

from __future__ import annotations

import functools
import importlib
import warnings

from typing import TYPE_CHECKING, Any

from shadowmon.scoring.code.blocks import PYTHON


if TYPE_CHECKING:
    from tree_sitter import Parser


SOURCE_MAX_CHARS = 100_000
"""Longer code is not parsed: no answer is that long, and a compiler's stack is not endless."""

_GRAMMARS = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "css": ("tree_sitter_css", "language"),
    "go": ("tree_sitter_go", "language"),
    "html": ("tree_sitter_html", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "json": ("tree_sitter_json", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
"""Language -> module, and its function that gives the grammar."""

_NO_PYTHON = (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError)
"""What `compile` raises: for NUL and for numbers and nesting beyond its limits, too."""


def parses(language: str, source: str) -> bool | None:
    """Return whether the code can be parsed; None if nobody here knows the language."""
    if len(source) > SOURCE_MAX_CHARS:
        return None
    if language == PYTHON:
        return parses_as_python(source)
    parser = _parser(language)
    if parser is None:
        return None
    return not parser.parse(source.encode("utf-8", "replace")).root_node.has_error


def parses_as_python(source: str) -> bool:
    """Return whether this interpreter's own compiler takes the source."""
    if len(source) > SOURCE_MAX_CHARS:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that a later version will not take
        try:
            compile(source, "<answer>", "exec", dont_inherit=True)
        except _NO_PYTHON:
            return False
    return True


@functools.cache
def _parser(language: str) -> Parser | None:
    if language not in _GRAMMARS:
        return None
    name, function = _GRAMMARS[language]
    try:
        tree_sitter: Any = importlib.import_module("tree_sitter")
        grammar = importlib.import_module(name)
    except ImportError:
        return None
    parser: Parser = tree_sitter.Parser(tree_sitter.Language(getattr(grammar, function)()))
    return parser
