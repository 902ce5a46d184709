"""Exchanges with real providers; where they come from stands beside them in data/exchanges."""

from __future__ import annotations

import json

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from shadowmon.records import Headers


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One request and its answer."""

    name: str
    target: str
    request: dict[str, Any]
    status: int
    content_type: str
    answer: str

    @property
    def headers(self) -> Headers:
        """The answer's."""
        return (("content-type", self.content_type),)

    @property
    def body(self) -> bytes:
        """The answer's."""
        return self.answer.encode()


@cache
def recorded(wire: str = "openai") -> dict[str, Recorded]:
    """
    Return exchanges with real providers, by name.

    Args:
        wire: The file in data/exchanges: `openai` (chat), `responses`, `embeddings`, `anthropic`.

    """
    file = Path(__file__).parent / "data" / "exchanges" / f"{wire}.json"
    found = [Recorded(**one) for one in json.loads(file.read_text(encoding="utf-8"))]
    return {one.name: one for one in found}


def events(*chunks: Any, named: bool = False) -> bytes:
    """Return a stream of these JSON objects; `named` gives each event its `type` as its name."""
    return "".join(
        (f"event: {chunk['type']}\n" if named else "") + f"data: {json.dumps(chunk)}\n\n"
        for chunk in chunks
    ).encode()
