from __future__ import annotations

from shadowmon.scoring.text.chunks import chunks


def test_a_chunk_is_counted_for_every_measure():
    """One split serves all measures."""
    (found,) = chunks("  don't,\n")
    assert found.rouge == ("don", "t")
    assert found.bleu == ("don't", ",")
    assert found.marked == ("don", "'", "t", ",")
    assert (found.words, found.negations) == (2, 1)
    assert chunks("the -3.50")[1].quantities == ("-3.5",)
    assert chunks("the -3.50")[0].hints == ("English",)


def test_long_chunks_are_counted_too():
    """A clause without blanks is counted like any other chunk."""
    (found,) = chunks("\u4e0d" * 100)
    assert (found.words, found.negations) == (100, 100)


def test_empty_text_has_no_chunks():
    """There is nothing in a blank text."""
    assert chunks(" \n") == []
