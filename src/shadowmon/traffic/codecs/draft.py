"""An answer as far as it has come in: what every chat codec adds pieces to, whole or streamed."""

from __future__ import annotations

from dataclasses import dataclass, field

from shadowmon.records import Answer, Token
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.thinking import after_thinking, split_reasoning
from shadowmon.traffic.codecs.tool_calls import GrowingCalls
from shadowmon.traffic.codecs.usage import UNKNOWN, Usage


@dataclass(slots=True)
class Draft:
    """
    One choice. Pieces are kept in lists and joined once: a long stream takes linear time.

    `text` without a piece is no text; with only empty ones it is an empty text.
    """

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: GrowingCalls = field(default_factory=GrowingCalls)
    tokens: list[Token] = field(default_factory=list)
    finish_reason: str | None = None
    """In the normal form already."""
    usage: Usage = UNKNOWN
    model: str | None = None
    error: str | None = None

    def answer(self, *, incomplete: bool = False) -> Answer:
        """Return what was said, in the normal form; thinking aloud is taken out of the text."""
        text = "".join(self.text) if self.text else None
        reasoning, tokens = "".join(self.reasoning), tuple(self.tokens)
        if text is not None and not reasoning:
            whole = text
            reasoning, text = split_reasoning(whole)
            tokens = tokens if text == whole else after_thinking(tokens)
        return Answer(
            text=text,
            reasoning=reasoning,
            refusal="".join(self.refusal) or None,
            tool_calls=self.calls.tool_calls(),
            fields=parts.json_in(text),
            tokens=tokens,
            finish_reason=self.finish_reason,
            incomplete=incomplete,
            error=self.error,
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cached_tokens=self.usage.cached_tokens,
            reasoning_tokens=self.usage.reasoning_tokens,
            model=self.model,
        )


def add(pieces: list[str], value: object) -> None:
    """Add a piece, if it is a text that is not empty."""
    if isinstance(value, str) and value:
        pieces.append(value)
