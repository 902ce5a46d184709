from __future__ import annotations

from shadowmon.scoring.text.repetition import looping_tail, repeated_share, repeats
from shadowmon.scoring.text.words import words_and_marks
from tests.answers import real_pairs


SOUND = "The cat sat on the mat, and the dog lay by the door until the rain had stopped at noon. "


def test_real_answers_do_not_repeat():
    """None of the real sample answers is called repetitive."""
    assert not [text for pair in real_pairs() for text in pair if repeats(text)]


def test_loop_at_the_end():
    """A text that gets stuck in a phrase is repetitive, whatever came before."""
    assert repeats(SOUND + "and then " * 30)


def test_loop_in_a_script_without_blanks():
    """A loop is found in Chinese, too, where nothing parts the words."""
    assert repeats("我很高兴见到你" + "谢谢你们" * 20)


def test_short_refrain_is_no_loop():
    """Three short lines that are the same are a chorus."""
    assert not repeats(SOUND + "Never gonna give you up. " * 3)


def test_variations_without_an_exact_loop():
    """A text that says the same again and again, numbered, is repetitive as a whole."""
    assert repeats("".join(f"{n}. This is the very same sentence as before. " for n in range(30)))


def test_tail_counts_all_copies():
    """The tail is all copies of the phrase, also one that was cut at its start."""
    words = words_and_marks("x b c a b c a b c a b c")
    assert looping_tail(words) == 11


def test_two_copies_are_no_loop():
    """What is said twice is not yet a loop."""
    assert looping_tail(["a", "b", "a", "b"]) == 0


def test_share_of_repeated_runs():
    """Of the runs of four words those count that stood in the text before."""
    assert repeated_share(["a"] * 8) == 0.8
    assert repeated_share(["a", "b", "c"]) == 0.0


def test_long_sound_text_is_read_quickly():
    """A text that repeats its last words now and then is none that loops."""
    assert not repeats("".join(f"{n} is a number, is it not? " for n in range(40)) + SOUND)
