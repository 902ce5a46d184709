"""shadowmon replay, of recorded traffic: its flags, and what is said beside the verdict."""

from __future__ import annotations

import argparse
import math

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from shadowmon.cli.exit_codes import DONE, INTERRUPTED, REFUSED
from shadowmon.cli.progress import progress
from shadowmon.cli.terminal import complain


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.config.settings import Settings
    from shadowmon.daemon.replay import Replay
    from shadowmon.daemon.replay_run import Done


FORMATS = ("pairs", "goreplay", "har", "requests", "openai", "litellm")

_AS_FAST_AS_POSSIBLE = "max"
_LATE_SECONDS = 1.0
"""From here on it is said that requests were late."""


def add(command: argparse.ArgumentParser) -> None:
    """Add the flags that are for traffic alone."""
    group = command.add_argument_group("recorded traffic")
    group.add_argument("--format", choices=FORMATS, help="where the file does not tell it")
    group.add_argument(
        "--speed",
        metavar="FACTOR",
        help="1: at the times of the recording (as it is by default); 10: ten times as fast; "
        f"{_AS_FAST_AS_POSSIBLE}: as fast as the models answer",
    )
    group.add_argument("--limit", type=int, metavar="N", help="only the first N requests")
    group.add_argument(
        "--resume", action="store_true", help="go on where a replay into --output stopped"
    )


def format_of(arguments: argparse.Namespace) -> str | None:
    """
    Return which traffic the files hold; None if they hold pairs, or nothing that is known.

    Raises:
        RefusedError: If one cannot be read, or they are not alike.

    """
    from shadowmon.daemon.recording import recognised  # noqa: PLC0415 - rule 1
    from shadowmon.errors import RefusedError  # noqa: PLC0415

    if arguments.format:
        return None if arguments.format == FORMATS[0] else str(arguments.format)
    found = {path: recognised(path) or FORMATS[0] for path in arguments.files}
    kinds = sorted(set(found.values()))
    if len(kinds) > 1:
        msg = f"these files are of different formats ({', '.join(kinds)}): replay them one by one"
        raise RefusedError(msg)
    return None if kinds == [FORMATS[0]] else kinds[0]


def usage(arguments: argparse.Namespace, kind: str | None) -> str:
    """Return what is wrong with the arguments; empty if nothing is."""
    if kind is None:
        given = (("--speed", arguments.speed), ("--limit", arguments.limit))
        flags = [flag for flag, value in (*given, ("--resume", arguments.resume or None)) if value]
        return f"{flags[0]} is for recorded traffic, and these are pairs" if flags else ""
    if arguments.shard is not None:
        return "--shard is for pairs: write them with --output first"
    if arguments.speed is not None and _speed(arguments.speed) == 0:
        return f"--speed needs a factor above 0, such as 10, or {_AS_FAST_AS_POSSIBLE}"
    if arguments.limit is not None and arguments.limit < 1:
        return "--limit needs a number of requests, 1 or more"
    if arguments.resume and arguments.output is None:
        return "--resume needs --output: what was done is there"
    return ""


def _speed(text: str | None) -> float | None:
    """Read --speed; None: as fast as possible; 0 if it is none."""
    if text == _AS_FAST_AS_POSSIBLE:
        return None
    try:
        factor = float(text or "1")
    except ValueError:
        return 0
    return factor if 0 < factor < math.inf else 0


def run(arguments: argparse.Namespace, settings: Settings, replay: Replay, kind: str) -> Done:
    """
    Replay, with a bar.

    Raises:
        RefusedError: See `replay_run.run`.

    """
    from shadowmon.clock import SystemClock  # noqa: PLC0415 - rule 1
    from shadowmon.daemon.replay_run import Wanted  # noqa: PLC0415
    from shadowmon.daemon.replay_run import run as replayed  # noqa: PLC0415

    wanted = Wanted(
        files=tuple(arguments.files),
        format=kind,
        speed=_speed(arguments.speed),
        limit=arguments.limit,
        output=arguments.output,
        resume=arguments.resume,
        may_call=arguments.config is not None,
    )
    with ExitStack() as bars:

        def bar(requests: int) -> Callable[[int], None]:
            return bars.enter_context(progress(requests, every=1))

        return replayed(settings, replay, wanted, SystemClock(), bar)


def exit_code(arguments: argparse.Namespace, done: Done) -> int:
    """Say what is to be known beside the verdict; 0 if everything was done."""
    if done.behind_seconds >= _LATE_SECONDS:
        complain(
            f"shadowmon: the latest request was {done.behind_seconds:.0f} s late: the models, or "
            "their limits here, are slower than the recording"
        )
    if arguments.speed not in {None, _AS_FAST_AS_POSSIBLE} and not done.is_timed:
        complain("shadowmon: the recording has no times: its requests went as fast as possible")
    if done.is_whole:
        return DONE
    how = "the same command with --resume goes on"
    if arguments.output is None:
        how = "nothing was kept to go on with (--output)"
    elif arguments.resume:
        how = "the same command goes on"
    why = f"{done.stopped_by}: " if done.stopped_by else ""
    complain(f"shadowmon: {why}stopped after {done.begun} of {done.requests} requests; {how}")
    return REFUSED if done.stopped_by else INTERRUPTED
