"""shadowmon journal: what happened, when, by whom and why, as it was written down."""

from __future__ import annotations

import argparse
import json

from collections.abc import Mapping
from typing import Any, TypeAlias

from shadowmon.cli.exit_codes import DONE, WRONG
from shadowmon.cli.status import add_url, connected
from shadowmon.cli.terminal import complain, say
from shadowmon.console.plain import plain


Json: TypeAlias = Mapping[str, Any]

_LAST, _LAST_MAX = 20, 1000
_SENTENCE_MAX = 2000
_SECONDS = len("2026-11-24T15:33:16")
"""Of a time, as many signs as tell its seconds."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "journal",
        help="what happened, when, by whom and why",
        description="Prints the newest entries of the journal, the newest last. `explain TRIAL "
        "--decision N` tells how the verdict of entry N came about.",
    )
    command.add_argument("trial", metavar="TRIAL", nargs="?", help="this one's entries only")
    command.add_argument(
        "--last",
        type=int,
        default=_LAST,
        metavar="N",
        help=f"how many, up to {_LAST_MAX} ({_LAST})",
    )
    command.add_argument("--json", action="store_true", help="each entry whole, one a line")
    add_url(command)
    command.set_defaults(command_function=_journal)


def _journal(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.last <= _LAST_MAX:
        complain(f"shadowmon: --last needs a number of entries, from 1 to {_LAST_MAX}")
        return WRONG
    daemon = connected(arguments)
    if daemon is None:
        return WRONG
    told = daemon.get("journal", trial=arguments.trial, limit=arguments.last)
    for entry in reversed(told["entries"]):
        say(json.dumps(entry) if arguments.json else line(entry))
    if not told["entries"]:
        say(
            "the journal has no entry"
            + (f" of {plain(arguments.trial)}" if arguments.trial else "")
        )
    return DONE


def line(entry: Json) -> str:
    """Write an entry on one line; pure."""
    when = entry["at"][:_SECONDS].replace("T", " ")
    of = f"{plain(entry['trial'])}: " if entry["trial"] else ""
    said = plain(entry["sentence"], limit=_SENTENCE_MAX)
    return f"{entry['number']:>6}  {when}  {entry['kind']:<14}  {of}{said}"
