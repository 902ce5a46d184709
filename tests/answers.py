"""Real answers of real models; where they come from stands beside them in data/paired."""

from __future__ import annotations

import json

from functools import cache
from pathlib import Path


@cache
def real_pairs() -> tuple[tuple[str, str], ...]:
    """Return 120 pairs: 60 of the same model asked twice, 60 of it and a smaller model."""
    file = Path(__file__).parent / "data" / "paired" / "answers.json"
    answers = json.loads(file.read_text(encoding="utf-8"))
    return tuple(
        (answer["one"], answer[other]) for other in ("again", "smaller") for answer in answers
    )
