"""Which scorers measure which task, where the configuration names none."""

from __future__ import annotations


_TEXT = ("text", "tokens", "safety", "service")

SCORERS: dict[str, tuple[str, ...]] = {
    "classification": ("label", "safety", "service"),
    "extraction": ("fields", "schema", "safety", "service"),
    "summarization": (*_TEXT, "grounding"),
    "chat": (*_TEXT, "tools", "schema"),
    "code": ("code", *_TEXT),
    "math": ("math", *_TEXT),
    "critical": _TEXT,
    "embedding": ("embedding", "service"),
    "ranking": ("ranking", "service"),
    "custom": ("text", "fields", "safety", "service"),
}
"""By the task's word in the configuration; a test holds the keys to `policy.settings.Task`."""


def scorers_for(task: str) -> tuple[str, ...]:
    """
    Return the names of the scorers that measure a task by default.

    Raises:
        ValueError: If there is no such task.

    """
    if task not in SCORERS:
        msg = f'no task is called "{task}"; there are: {", ".join(SCORERS)}'
        raise ValueError(msg)
    return SCORERS[task]
