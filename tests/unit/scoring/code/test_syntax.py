from __future__ import annotations

import sys

import pytest

from shadowmon.scoring.code import syntax as code_syntax
from shadowmon.scoring.code.syntax import SOURCE_MAX_CHARS, parses, parses_as_python


GOOD_AND_BAD = {
    "bash": ("for x in a b; do echo $x; done", "for x in a b; do echo ("),
    "c": ("int main(void) { return 0; }", "int main(void { return 0; }"),
    "cpp": ("class A { public: int x; };", "class A { public: int x; ;"),
    "css": ("a { color: red; }", "a { color red; "),
    "go": ("package main\nfunc main() {}", "package main\nfunc main( {}"),
    "html": ("<p>Hello</p>", "<p>Hello</p"),
    "java": ("class A { int x = 1; }", "class A { int x = ; }"),
    "javascript": ("const f = (x) => x + 1;", "const f = (x => x + 1;"),
    "json": ('{"a": [1, 2]}', '{"a": [1, 2}'),
    "php": ("<?php echo 1;", "<?php echo (1;"),
    "python": ("def f(x):\n    return x", "def f(x)\n    return x"),
    "ruby": ("def f(x)\n  x + 1\nend", "def f(x\n  x + 1\n"),
    "rust": ("fn main() { let x = 1; }", "fn main() { let x = ; }"),
    "tsx": ("const a = <b>x</b>;", "const a = <b>x;"),
    "typescript": ("let x: number = 1;", "let x: number = ;"),
}


@pytest.mark.parametrize("language", GOOD_AND_BAD)
def test_good_and_bad_code(language):
    """Each language's grammar takes right code and no broken code."""
    good, bad = GOOD_AND_BAD[language]
    assert parses(language, good) is True
    assert parses(language, bad) is False


@pytest.mark.parametrize(
    "source",
    ["return 1", "def f(a, a): pass", 'print "x"', "if 1:\nx", "x = 0777", "a\0b", "\ud800"],
)
def test_python_is_asked_by_its_compiler(source):
    """What only a compiler refuses is no Python either."""
    assert not parses_as_python(source)


DEPTH = 24_000


@pytest.mark.parametrize(
    "source",
    [
        "(" * DEPTH + ")" * DEPTH,
        "-" * DEPTH + "1",
        "1" + "+1" * DEPTH,
        "a" + ".b" * DEPTH,
        "a" + "[0]" * DEPTH,
        "lambda:" * 10_000 + "1",
        "1 if x else " * 8_000 + "1",
        "1" * DEPTH,
    ],
    ids=["parentheses", "signs", "sums", "names", "places", "lambdas", "choices", "digits"],
)
def test_python_that_is_nested_too_deep(source):
    """Code that no compiler's stack can hold is no code, and costs nobody a process."""
    assert not parses_as_python(source)


def test_outdated_escapes_are_no_mistake():
    """What a later Python will refuse, this one takes, without a warning."""
    assert parses_as_python(r'x = "\d"')


def test_nothing_is_said_of_other_languages():
    """Of a language without a grammar, and of no language, nothing is known."""
    assert parses("cobol", "MOVE A TO B") is None
    assert parses("", "x") is None


def test_nothing_is_said_of_endless_code():
    """Code that is longer than any answer is not parsed."""
    assert parses("python", "x" * (SOURCE_MAX_CHARS + 1)) is None


def test_grammars_are_an_extra(monkeypatch):
    """Where the extra is not installed, other languages are not known; Python is."""
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    code_syntax._parser.cache_clear()
    try:
        assert parses("rust", "fn main() {}") is None
        assert parses("python", "x = 1") is True
    finally:
        code_syntax._parser.cache_clear()
