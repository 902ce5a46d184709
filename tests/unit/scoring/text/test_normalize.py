from __future__ import annotations

import time

from shadowmon.scoring.text.normalize import phrase, prose, same_prose


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


def test_sameness_is_that_of_prose():
    """Two texts are the same where nothing but layout differs."""
    assert same_prose("one\u00a0 two \r\nthree\n\n", "one two\nthree")
    assert same_prose("cafe\u0301", "café")
    assert not same_prose("if x:\n    return", "if x:\nreturn")
    assert not same_prose("Yes.", "Yes")


def test_piled_up_marks_are_read_quickly():
    """No text takes time that grows with the square of its length; marks of a language count."""
    began = time.perf_counter()

    prose("a" + "\u0300\u0316" * 50_000)
    phrase("a" + "\u0300\u0316" * 50_000)

    assert time.perf_counter() - began < 1


def test_long_rows_of_signs_are_normalised_all_the_same():
    """A row of signs that are no marks keeps nothing from being compared."""
    assert prose("\u2500" * 100 + "cafe\u0301") == prose("\u2500" * 100 + "café")
