"""The commonest little words of some languages in Latin and Cyrillic script, to tell them apart."""

from __future__ import annotations

from collections import defaultdict


_LISTS = {
    "Dutch": "de het een en van in is dat op te met voor niet zijn aan ook als maar om er wordt"
    " door over deze dit naar kan bij uit je",
    "English": "the of and to in is that it for was with as on be are this by from or an have not"
    " which you your they their can will has its these",
    "French": "le la les de des du et un une est dans que qui pour en sur pas au aux avec ce cette"
    " il elle sont par plus ou vous nous votre",
    "German": "der die das und ist in den von zu mit ein eine nicht auf für im dem sich des"
    " auch es an als werden wird sie oder bei kann sind einer",
    "Indonesian": "yang dan di dari untuk dengan ini itu pada adalah tidak dalam akan dapat oleh"
    " atau juga karena ke sebagai bisa anda mereka lebih",
    "Italian": "il di che e la per un una in del della è le con non si da sono gli dei nel"
    " alla più anche come questo essere delle ma al",
    "Polish": "i w na z do nie jest się to że o jak ale od po przez dla za oraz być"
    " tak które który może są jego czy",
    "Portuguese": "o de que e do da em um uma para com não os as no na por mais dos das se"
    " é ao como mas foi ou são você pela pelo",
    "Russian": "и в не на что так как это по к из для от или быть он за",
    "Spanish": "el la de que y en los las un una del por con no para es se al lo como más pero"
    " su sus este esta son o puede también",
    "Swedish": "och det att i en på är som av för med den till inte ett om har de"
    " vi kan du eller från var men så jag",
    "Turkish": "ve bir bu için ile da de olarak çok daha olan en gibi ya kadar her sonra"
    " ne olan veya ancak değil",
    "Ukrainian": "й в не на що з як це по до та для від але бути він за",
}


def _inverted() -> dict[str, tuple[str, ...]]:
    inverted = defaultdict[str, tuple[str, ...]](tuple)
    for language, words in _LISTS.items():
        for word in dict.fromkeys(words.split()):
            inverted[word] += (language,)
    return dict(inverted)


LANGUAGES_OF = _inverted()
"""A word, in lower case -> the languages that it is common in."""
