"""
shadowmon verdict: may the optimized model take over? For jobs and for CI.

With --exit-code: 0 pass, 1 fail, 3 insufficient (review, or not enough evidence yet) or no daemon
that answers, 2 a wrong question, such as a trial that there is none of.
"""

from __future__ import annotations

import argparse
import json

from collections.abc import Mapping
from typing import Any

from shadowmon.cli.client import AnsweredNoError, Client, UnreachableError
from shadowmon.cli.exit_codes import DONE, REFUSED, UNREACHABLE, WRONG
from shadowmon.cli.status import add_url, connected
from shadowmon.cli.terminal import complain, say
from shadowmon.console.plain import plain


EXIT_CODES: Mapping[str, int] = {"pass": DONE, "fail": REFUSED, "insufficient": UNREACHABLE}
"""To a job that waits, a verdict that is not in yet is no answer."""
_EVERY_SECONDS = 2.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "verdict",
        help="pass, fail or insufficient, for jobs and CI",
        description="Says whether a trial's optimized model may take over: pass, fail or "
        "insufficient, and why. With --exit-code: 0 pass, 1 fail, 3 insufficient or no answer, "
        "2 wrong usage or no such trial.",
    )
    command.add_argument("trial", metavar="TRIAL")
    command.add_argument("--exit-code", action="store_true", help="tell it by the exit code too")
    command.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="while it is insufficient, or nothing answers, ask again for so long",
    )
    command.add_argument("--json", action="store_true", help="write it as JSON")
    add_url(command)
    command.set_defaults(command_function=_verdict)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 7 * 86_400:
        msg = "give 0 to 604800"
        raise argparse.ArgumentTypeError(msg)
    return seconds


def _verdict(arguments: argparse.Namespace) -> int:
    daemon = connected(arguments)
    if daemon is None:
        return WRONG
    try:
        told = _decided(daemon, arguments.trial, arguments.wait)
    except AnsweredNoError as error:
        complain(f"shadowmon: {error}")
        return WRONG
    if arguments.json:
        say(json.dumps(told, indent=2))
    else:
        say(f"{told['trial']}: {told['verdict']}: {plain(str(told['sentence']))}")
    return EXIT_CODES[told["verdict"]] if arguments.exit_code else DONE


def _decided(daemon: Client, trial: str, wait_seconds: float) -> Mapping[str, Any]:
    """Ask until it is decided, or the time is over."""
    from threading import Event  # noqa: PLC0415 - see cli/main.py, rule 1

    from shadowmon.clock import SystemClock  # noqa: PLC0415

    clock, never = SystemClock(), Event()
    until = clock.monotonic() + wait_seconds
    while True:
        left = until - clock.monotonic()
        try:
            told: Mapping[str, Any] = daemon.get("gates", "verdict", trial)
        except UnreachableError:
            if left <= 0:
                raise
        else:
            if told["verdict"] != "insufficient" or left <= 0:
                return told
        never.wait(min(_EVERY_SECONDS, max(left, 0.0)))
