"""What a person sees while the story runs: sentences that stay, and a picture that moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from shadowmon.console.picture import picture
from shadowmon.console.plain import plain
from shadowmon.demo.brief import brief
from shadowmon.demo.journal import Line


SENTENCE_MAX = 400
REFRESH_PER_SECOND = 4
STYLES: Mapping[str, str] = {"climb": "bold green", "drop": "bold red", "step_down": "bold yellow"}


class Screen:
    """A terminal with a live picture, or a plain stream with one line for each change."""

    def __init__(self, console: Console, *, live: bool) -> None:
        self._console = console
        moving = live and console.is_terminal
        self._live = (
            Live(console=console, refresh_per_second=REFRESH_PER_SECOND) if moving else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.still()

    def still(self) -> None:
        """Stop the picture; what is said from here on comes below it."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, sentence: str, *, style: str = "") -> None:
        """Print one sentence of the story."""
        self._console.print(Text(sentence, style=style), soft_wrap=True)

    def put(self, renderable: RenderableType) -> None:
        """Print a table."""
        self._console.print(renderable)

    def tell(self, lines: Sequence[Line], *, begun: datetime) -> None:
        """Print what was journalled, a sentence each."""
        for line, follower in zip_longest(lines, lines[1:]):
            if not _is_told_by(line, follower) and not _says_nothing(line):
                seconds = (line.at - begun).total_seconds()
                sentence = plain(line.sentence, limit=SENTENCE_MAX)
                style = STYLES.get(line.data.get("move", ""), "")
                self.say(f"{seconds:6.1f} s  {line.trial}: {sentence}", style=style)

    def show(self, status: Mapping[str, Any], trials: Mapping[str, Any]) -> None:
        """Draw the picture anew, where there is one."""
        if self._live is not None:
            whole = picture(status, trials, self._console.width)
            self._live.update(whole if self._fits(whole) else brief(trials))

    def _fits(self, whole: RenderableType) -> bool:
        """Is the terminal high enough for it? What does not fit would be cut off at its end."""
        return len(self._console.render_lines(whole)) < self._console.height


def _says_nothing(line: Line) -> bool:
    """
    Is this a verdict that nothing is proven yet, or a phase that a demo never has?

    There is one of the former after every move, and one of the latter for each trial and phase.
    """
    is_no_proof = line.kind == "verdict" and line.data.get("grade") == "wait"
    return is_no_proof or line.kind == "phase_skipped"


def _is_told_by(line: Line, follower: Line | None) -> bool:
    """Is this a verdict that the next line, the move made on it, repeats?"""
    return (
        line.kind == "verdict"
        and follower is not None
        and follower.kind == "stage_entered"
        and follower.trial == line.trial
    )
