from __future__ import annotations

from shadowmon.scoring.text.words import words, words_and_marks


def test_marks_are_not_words():
    """Punctuation parts words and is none."""
    assert words("Yes, it's 3.5!") == ["Yes", "it", "s", "3", "5"]


def test_marks_can_be_asked_for():
    """Each punctuation mark stands on its own."""
    assert words_and_marks("Yes...") == ["Yes", ".", ".", "."]


def test_scripts_without_blanks_count_by_the_character():
    """A Japanese or Thai text is as many words as it has characters, a Korean one has words."""
    assert words("日本語のtext") == ["日", "本", "語", "の", "text"]
    assert len(words("สวัสดี")) > 1
    assert words("안녕 세계") == ["안녕", "세계"]
