from __future__ import annotations

from shadowmon.scoring.normalize import phrase, prose


def test_blanks_and_line_ends_do_not_count():
    """Runs of blanks within a line, blanks at its end and the kind of line end are forgiven."""
    assert prose("one\u00a0 two \r\nthree\n\n") == prose("one two\nthree")


def test_indentation_counts():
    """What stands before a line's first word stays: in code it has a meaning."""
    assert prose("if x:\n    return") != prose("if x:\nreturn")


def test_case_and_punctuation_count_in_prose():
    """Capitals and marks are part of a text."""
    assert prose("Yes.") != prose("yes.")
    assert prose("Yes.") != prose("Yes")


def test_unicode_forms_do_not_count():
    """A letter with its accent apart is the letter with its accent."""
    assert prose("cafe\u0301") == prose("café")


def test_phrase_forgives_case_and_lines():
    """A field's capitals and line breaks are layout."""
    assert phrase(" ACME\nLtd ") == phrase("Acme ltd")
