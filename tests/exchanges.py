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
def recorded() -> dict[str, Recorded]:
    """Return the exchanges with providers that speak OpenAI's API, by name."""
    file = Path(__file__).parent / "data" / "exchanges" / "openai.json"
    found = [Recorded(**one) for one in json.loads(file.read_text(encoding="utf-8"))]
    return {one.name: one for one in found}
