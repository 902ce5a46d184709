"""What a configuration may say, and few people mean."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.config.advice import advice
from shadowmon.config.settings import Settings


def told(task: str = "chat", route: dict[str, Any] | None = None, **trial: Any) -> list[str]:
    """Return what is said of a configuration with one trial."""
    url = {"url": "http://127.0.0.1:9001"}
    settings = Settings.model_validate(
        {
            "models": {"fp16": url, "int8": url},
            "routes": {"chat": {"baseline": "fp16", **(route or {})}},
            "trials": {"int8": {"route": "chat", "optimized": "int8", "task": task, **trial}},
        },
        strict=False,
    )
    return [str(each) for each in advice(settings)]


@pytest.mark.parametrize("task", ["chat", "summarization", "custom", "critical", "extraction"])
def test_a_model_that_samples_would_be_rolled_back(task: str) -> None:
    """Where answers are compared as they are, the key to set and the trial are named."""
    (said,) = told(task)

    assert said.startswith("routes.chat.self_check_rate: is 0, so trial int8 takes every")


@pytest.mark.parametrize("task", ["classification", "code", "embedding", "ranking"])
def test_answers_that_are_the_same_each_time_need_no_second_one(task: str) -> None:
    """Nothing is said of tasks whose answers are not drawn by lot."""
    assert told(task) == []


def test_nothing_is_said_where_it_was_thought_of() -> None:
    """A self-check, labels, or shadow calls at temperature 0 are each enough."""
    assert told(route={"self_check_rate": 0.1}) == []
    assert told(route={"pin": {"temperature": 0}}) == []
    assert told(labels={"expected": "all"}) == []
