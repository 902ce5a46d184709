"""Recorded pairs: real answers to GSM8K's problems (tests/data/gsm8k), and makers of lines."""

from __future__ import annotations

import json

from pathlib import Path
from typing import Any


ANSWERS = Path(__file__).parent / "data" / "gsm8k" / "answers.jsonl"

CONFIGURATION = """\
models:
  strong: {url: "http://127.0.0.1:9001"}
  weak: {url: "http://127.0.0.1:9002"}
routes:
  math: {baseline: strong}
trials:
  weak: {route: math, optimized: weak, task: math, labels: {expected: all}, actuator: dry_run}
traffic: {tap: {listen: "127.0.0.1:9190"}}
"""


def a_line(**changes: Any) -> bytes:
    """Return a line of a recording; any key may be named."""
    line: dict[str, Any] = {
        "id": "x-1",
        "baseline": {"text": "hello"},
        "optimized": {"text": "hello"},
    }
    return json.dumps(line | changes).encode() + b"\n"


def mathematics(*, baseline: str, optimized: str) -> list[bytes]:
    """Return the real answers as lines, `strong` and `weak` in these roles."""
    told = [json.loads(line) for line in ANSWERS.read_text().splitlines()]
    return [
        a_line(
            id=each["id"],
            baseline={"label": each[baseline]},
            optimized={"label": each[optimized]},
            label=each["label"],
        )
        for each in told
    ]
