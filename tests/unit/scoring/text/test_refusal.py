from __future__ import annotations

import time

import pytest

from shadowmon.records import Answer
from shadowmon.scoring.text.refusal import refuses


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I cannot fulfill this request.",
        "I\u2019m sorry, but as an AI language model, I am not able to browse the internet.",
        "No, I'm sorry but I can't help you write your memoir.",
        "As a language model, I cannot browse the internet.",
        "Unfortunately, I won't do that.",
        "I can't help with that.",
        "I cannot provide medical advice.",
        "  We are unable to comply with your request.",
        "I must respectfully decline.",
        "Sorry — I do not have access to your account.",
        "I'm sorry, but I cannot answer that. However, I can recommend a book.",
        "I'm sorry, but I cannot help with that. " + "It would be wrong of me to do so. " * 30,
    ],
)
def test_refusals(text):
    """An opening that declines is a refusal."""
    assert refuses(Answer(text=text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'm sorry for your loss. Losing a friend is hard.",
        "I apologize for the confusion. Here are some templates.",
        "As an AI language model, I don't have opinions. However, here is an overview.",
        "I can't recommend this book enough!",
        "I can't wait to see you.",
        "You can't see the stars in the city.",
        "The answer is 42. I'm sorry, but I cannot explain it.",
        "As an AI, I cannot decide for you, but I can say what to think of. "
        + "First, rest. " * 60,
    ],
)
def test_what_is_no_refusal(text):
    """Sympathy, an excuse that goes on to answer at length and enthusiasm are no refusals."""
    assert not refuses(Answer(text=text))


def test_word_of_the_server():
    """What the model server itself marks as a refusal is one, in any language."""
    assert refuses(Answer(text=None, refusal="Das kann ich nicht."))


def test_hostile_opening_is_read_quickly():
    """No text makes the pattern search for long."""
    began = time.perf_counter()

    for text in ("sorry, " * 100, "as an ai a a a " * 50, "I'm so sorry " * 50, " ,;" * 200):
        refuses(Answer(text=text))

    assert time.perf_counter() - began < 0.5
