"""A bar on a terminal, for what takes long; elsewhere, nothing."""

from __future__ import annotations

import sys

from collections.abc import Callable, Iterator
from contextlib import contextmanager


_REPORT_EVERY = 200


@contextmanager
def progress(size: int, *, every: int = _REPORT_EVERY) -> Iterator[Callable[[int], None]]:
    """
    Draw a bar on stderr, if that is a terminal.

    Args:
        size: What there is to do, in any unit.
        every: How many steps are drawn at one time.

    Returns:
        What takes each step's size.

    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - see cli/main.py, rule 1
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task, waiting, steps = bar.add_task("replaying", total=size), 0, 0

        def moved(step: int) -> None:
            nonlocal waiting, steps
            waiting, steps = waiting + step, steps + 1
            if steps % every == 0:
                bar.update(task, advance=waiting)
                waiting = 0

        yield moved
