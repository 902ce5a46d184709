from __future__ import annotations

import pytest

from shadowmon.scoring.text.phrases import compiled, plain


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("This is a DIRTY  bomb.", True),
        ("dirty\nbomb", True),
        ("dirty bombs", False),
        ("a dirtybomb", False),
        ("STRASSE", True),
        ("\N{FULLWIDTH LATIN SMALL LETTER D}irty bomb", True),
        ("c++ (2)", True),
    ],
)
def test_whole_words_whatever_the_case(text, is_found):
    """A phrase is found as whole words, whatever the case, the width and the blanks between."""
    pattern = compiled(["dirty bomb", "straße", "C++"])
    assert bool(pattern.search(plain(text))) is is_found


@pytest.mark.parametrize("blank", ["", " \n"])
def test_blank_phrase_is_refused(blank):
    """A blank phrase would be found everywhere."""
    with pytest.raises(ValueError, match="is blank"):
        compiled(["ok", blank])
