from __future__ import annotations

import pytest

from shadowmon.scoring.code.blocks import Block, code_of


def test_longest_block_is_the_code():
    """Of several blocks the longest is the code: the others show how to use it."""
    text = "Run\n```sh\npip install x\n```\nthen\n```python\ndef f():\n    return 1\n```\n"
    assert code_of(text) == Block(language="python", source="def f():\n    return 1\n")


def test_last_of_equals():
    """Of blocks of one length the last is the code: models correct themselves."""
    text = "```python\nx = 1\n```\nNo:\n```python\nx = 2\n```"
    assert code_of(text) == Block(language="python", source="x = 2\n")


def test_asked_language_comes_first():
    """A block in the language that is asked for wins over longer ones, and over silent ones."""
    text = "```js\nlet aaaaaaaaaaaaaaaa\n```\n```\nlonger, longer\n```\n```py\nx = 1\n```"
    assert code_of(text, "python") == Block(language="python", source="x = 1\n")
    assert code_of(text, "ruby") == Block(language="", source="longer, longer\n")
    assert code_of(text) == Block(language="javascript", source="let aaaaaaaaaaaaaaaa\n")


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("Python", "python"),
        ("python3 title=a.py", "python"),
        ("{.py .numberLines}", "python"),
        ("c++", "cpp"),
        ("TS", "typescript"),
        ("haskell", "haskell"),
        ("", ""),
    ],
)
def test_words_for_a_language(tag, language):
    """Whatever a model calls a language, it has one name."""
    assert code_of(f"```{tag}\nx\n```") == Block(language=language, source="x\n")


@pytest.mark.parametrize("tag", ["text", "output", "console", "diff"])
def test_blocks_that_are_no_code(tag):
    """What a program printed is no code."""
    assert code_of(f"```{tag}\nx = 1\n```") is None


def test_answer_that_was_cut():
    """A block that is not closed goes to the end."""
    assert code_of("Here:\n```python\nx = 1") == Block(language="python", source="x = 1")


def test_fence_in_a_fence():
    """A longer fence holds shorter ones; a fence may be indented, or of tildes."""
    assert code_of("````py\n```\nx\n```\n````") == Block(language="python", source="```\nx\n```\n")
    assert code_of("  ~~~py\n  x\n  ~~~") == Block(language="python", source="  x\n")


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    pass",
        "import os\n",
        "from a import b",
        "x = 1",
        "@cache\ndef f(): ...",
        "\nclass A:",
    ],
)
def test_code_without_a_fence(text):
    """A text that begins like Python is code as a whole."""
    assert code_of(text) == Block(language="python", source=text)


@pytest.mark.parametrize(
    "text",
    ["", "Hello.", "The class of f is A.", "Import duties rise.", "x == y holds", "for all x:"],
)
def test_words(text):
    """Prose is no code."""
    assert code_of(text) is None


def test_empty_block():
    """A block without anything in it is no code."""
    assert code_of("```python\n\n```") is None
