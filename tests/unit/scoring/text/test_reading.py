from __future__ import annotations

import time

import pytest

from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text import bleu, reading, rouge
from shadowmon.scoring.text.reading import READ_MAX, as_baseline, read
from shadowmon.scoring.text.scorer import TextScorer
from tests.answers import real_pairs
from tests.factories import a_pair, a_reply


HOSTILE = {
    "one character": "a",
    "one word": "a ",
    "no word": " ",
    "marks": "a\u0300\u0316",
    "digits": "1,",
    "points": ".,5",
    "dashes": "5-",
    "half a surrogate pair": "\ud800",
    "nul": "\0",
    "direction": "\u202e\u2066",
    "entities": "&amp;",
}


def test_reading_has_the_tokens_of_each_measure():
    """What is read at one time is what each measure reads for itself."""
    for text in (*real_pairs()[0], "a &lt; b", "hyphen-\nated", ""):
        found = read(text)
        assert found.rouge == rouge.tokens(text)
        assert found.bleu == bleu.tokens(text)


def test_baseline_is_remembered():
    """The trials of a route share what was made of the baseline's text; few texts are kept."""
    assert as_baseline("a text") is as_baseline("a text")
    assert as_baseline("x" * (READ_MAX + 1)) is not as_baseline("x" * (READ_MAX + 1))
    assert reading._remembered.cache_info().maxsize == 8


def test_length_of_a_long_text_is_reckoned():
    """Words behind what is compared are counted in."""
    assert read("ab " * READ_MAX).words == pytest.approx(READ_MAX, rel=0.01)


def test_loop_at_the_end_of_a_long_text():
    """A loop is looked for at the end, however long the text is."""
    sound = " ".join(map(str, range(READ_MAX // 2)))
    assert not read(sound).repeats
    assert read(sound + " and so on" * READ_MAX).repeats


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long(text):
    """Two texts of a million characters are compared in bounded time, whatever is in them."""
    began = time.perf_counter()
    long = text * (1_000_000 // len(text))

    found = TextScorer(ScoringSettings()).score(a_pair(a_reply(long + "x"), a_reply(long)))

    assert time.perf_counter() - began < 5
    assert all(0 <= each.distance <= 1 for each in found if each.distance is not None)


def test_very_many_different_words():
    """A hundred thousand different words, and as many characters of Han, are compared."""
    words = " ".join(f"w{at}" for at in range(100_000))
    han = "".join(chr(0x4E00 + at % 20_000) for at in range(100_000))
    for text in (words, han):
        baseline, found = as_baseline(text), read(text)
        assert baseline.chrf.score(found.compared) == pytest.approx(1.0)
        assert baseline.bleu.score(found.bleu) == pytest.approx(1.0)
