"""
Reasoning that a model wrote into its text, between think tags.

Servers with a reasoning parser give it apart; the others leave the tags in the content.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Token


_OPEN, _CLOSE = "<think>", "</think>"


def split_reasoning(text: str) -> tuple[str, str]:
    """
    Return (reasoning, the rest) of a text in which a model thinks aloud between think tags.

    Where the chat template already opened the tag, only its end is in the text. Where the end is
    missing, the model was cut while it thought: there is no text.
    """
    opened = text.lstrip().startswith(_OPEN)
    thought, closed, rest = text.partition(_CLOSE)
    if opened:
        return thought.lstrip().removeprefix(_OPEN).strip(), rest.lstrip() if closed else ""
    if closed and _OPEN not in thought:
        return thought.strip(), rest.lstrip()
    return "", text


def after_thinking(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """
    Return the tokens that come after the think tag's end; none where it has no end.

    Only for a text that `split_reasoning` split. A token that holds the tag's end and the first of
    the text as well goes with the tag.
    """
    seen = ""
    for place, token in enumerate(tokens):
        seen = seen[-len(_CLOSE) :] + token.text
        if _CLOSE in seen:
            return tuple(tokens[place + 1 :])
    return ()
