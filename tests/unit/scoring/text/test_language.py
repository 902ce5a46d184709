from __future__ import annotations

import pytest

from shadowmon.scoring.text.function_words import LANGUAGES_OF
from shadowmon.scoring.text.language import hints, language_divergence, profile
from tests.answers import real_pairs


SENTENCES = {
    "Dutch": "Het is niet de bedoeling dat we dit voor een week doen, maar het kan ook later.",
    "English": "It is not what you would expect from the weather, and they have no umbrella.",
    "French": "Ce n'est pas la peine de venir avec nous, car il y a une grève dans le pays.",
    "German": "Das ist nicht der richtige Weg, und ich weiß auch nicht, wie man zu dem Haus kommt.",
    "Indonesian": "Ini adalah buku yang tidak dapat dibaca oleh mereka dengan mudah.",
    "Italian": "Questo non è il modo giusto per la soluzione che si vede nella vita.",
    "Polish": "To nie jest tak, że on się na to zgodził i po to przyszedł.",
    "Portuguese": "Não é a melhor maneira de fazer isso, mas os alunos da escola são bons em tudo.",
    "Russian": "Это не так, как кажется, и он на это не согласен из-за погоды.",
    "Spanish": "No es la mejor manera de hacerlo, pero los alumnos de la clase son buenos.",
    "Swedish": "Det är inte så att jag vill gå hem, men vi har en hund som är sjuk.",
    "Turkish": "Bu çok güzel bir ev ve bizim için daha iyi olan bir yer kadar ucuz.",
    "Ukrainian": "Це не так, як здається, що він та вона до школи з нами для уроку.",
}


def apart(one, other):
    return language_divergence(*(profile(text, hints(text)) for text in (one, other)))


@pytest.mark.parametrize("language", SENTENCES)
def test_language_is_told_by_its_function_words(language):
    """An everyday sentence says which language it is in."""
    sentence = SENTENCES[language]
    assert profile(sentence, hints(sentence)).language == language


def test_every_list_is_tested():
    """There is a sentence for each list of function words."""
    assert {each for languages in LANGUAGES_OF.values() for each in languages} == set(SENTENCES)


def test_languages_of_one_script_are_apart():
    """An answer in German to a baseline in English is in another language."""
    assert apart(SENTENCES["English"], SENTENCES["German"]) == 1.0


def test_scripts_are_apart():
    """Without a function word the letters tell."""
    assert apart("Hello", "\u4f60\u597d") == 1.0
    assert apart("\u3053\u3093\u306b\u3061\u306f", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35") == 1.0


def test_foreign_letters_count_by_their_share():
    """A text that slips into another script for a quarter of its letters is a quarter apart."""
    assert apart("abcdefgh", "abcdef\u4f60\u597d") == pytest.approx(0.25)


def test_what_has_no_letters_has_no_language():
    """Numbers, signs and an empty text are in no other language."""
    assert apart("42 + 1 = 43 \u2713", "Forty-three") == 0.0
    assert apart("", SENTENCES["English"]) == 0.0


def test_accents_are_no_other_script():
    """Latin letters with marks are Latin letters."""
    assert apart("na\u00efve \u0153uvre", "naive oeuvre") == 0.0


def test_real_answers_are_in_one_language():
    """None of the real pairs of English answers is taken for two languages."""
    assert max(apart(*pair) for pair in real_pairs()) < 0.05
