"""
What `shadowmon init` asks, and what may be answered.

Rule: on a terminal an answer that cannot be used is asked for again; a flag that cannot be used
ends the command, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shadowmon.cli.terminal import say


LABELS = ("none", "some", "all")
TASKS = (
    "classification",
    "summarization",
    "chat",
    "code",
    "math",
    "critical",
    "extraction",
    "embedding",
    "ranking",
    "custom",
)
"""Every `policy.settings.Task`, whose module loads too much for `--help`."""


class UnusableAnswerError(Exception):
    """An answer cannot be used; the message says what can."""


def _codecs() -> Sequence[str]:
    from shadowmon import plugins  # noqa: PLC0415 - see cli/main.py, rule 1

    return plugins.names("codecs")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that must be known."""

    sentence: str
    default: str = ""
    choices: Sequence[str] = ()
    """Those that are fixed, so that `--help` can list them and load nothing."""
    find_choices: Callable[[], Sequence[str]] | None = None
    """Finds those that plugins may add to; with neither, whatever is said."""

    def allowed(self) -> Sequence[str]:
        """Return what may be answered; nothing: whatever is said."""
        return self.find_choices() if self.find_choices else self.choices

    def helped(self) -> str:
        """Return what `--help` says."""
        choices = f": {', '.join(self.choices)}" if self.choices else ""
        return self.sentence + choices + (f" ({self.default})" if self.default else "")

    def shown(self) -> str:
        """Return what a person is asked."""
        choices = f": {', '.join(self.allowed())}" if self.allowed() else ""
        default = f" [{self.default}]" if self.default else ""
        return f"{self.sentence}{choices}{default}: "


QUESTIONS: Mapping[str, Question] = {
    "task": Question("what the models are for", "chat", TASKS),
    "baseline_url": Question(
        "where the model answers that users have now", "http://127.0.0.1:8001"
    ),
    "optimized_url": Question("where the cheaper one answers", "http://127.0.0.1:8002"),
    "codec": Question("how requests and answers are written", "openai", find_choices=_codecs),
    "listen": Question("where users are to connect", "127.0.0.1:8080"),
    "failure": Question("what happens when the model is wrong"),
    "discovery": Question("how that is found out"),
    "costs": Question("what it costs"),
    "labels": Question("does the truth come later", "none", LABELS),
    "acceptable": Question(
        "acceptable relative loss of quality, such as 0.02; empty: the task's own"
    ),
}
"""By flag."""


def answered(flag: str, given: str | None, *, asks: bool) -> str:
    """
    Return what is said to a question.

    Args:
        flag: Which one.
        given: By the flag; None: it was not.
        asks: Is there a person who can be asked?

    Raises:
        UnusableAnswerError: If the flag cannot be used.

    """
    question = QUESTIONS[flag]
    if given is not None or not asks:
        answer = question.default if given is None else given
        if problem := _problem(flag, answer):
            msg = f"--{flag.replace('_', '-')} {problem}"
            raise UnusableAnswerError(msg)
        return answer
    while True:
        answer = input(question.shown()).strip() or question.default
        problem = _problem(flag, answer)
        if not problem:
            return answer
        say(f"it {problem}")


def loss_of(text: str) -> float | None:
    """Return a relative loss, in (0, 1); None if it is none."""
    try:
        loss = float(text)
    except ValueError:
        return None
    return loss if 0 < loss < 1 else None


def _problem(flag: str, answer: str) -> str:
    allowed = QUESTIONS[flag].allowed()
    if allowed and answer not in allowed:
        return f"must be one of: {', '.join(allowed)} (not {answer})"
    if flag == "acceptable" and answer and loss_of(answer) is None:
        return "must be above 0 and below 1, such as 0.02 for 2 %"
    return ""
