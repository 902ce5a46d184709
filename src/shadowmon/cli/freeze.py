"""shadowmon freeze | unfreeze: stop every climb of every trial, and end that; with who and why."""

from __future__ import annotations

import argparse

from collections.abc import Mapping

from shadowmon.cli.exit_codes import DONE, WRONG
from shadowmon.cli.operate import operator_of
from shadowmon.cli.status import add_url, connected
from shadowmon.cli.terminal import say
from shadowmon.console.plain import plain


_HELP: Mapping[str, str] = {
    "freeze": "let nothing climb, whichever trial, until it is unfrozen; roll-backs still work",
    "unfreeze": "end a freeze; each trial is as it was before",
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    for word, sentence in _HELP.items():
        command = commands.add_parser(word, help=sentence, description=sentence.capitalize() + ".")
        command.add_argument("--reason", required=True, help="why; it is written into the journal")
        command.add_argument("--operator", help="who; the user's name if not given")
        add_url(command)
        command.set_defaults(command_function=_hold)


def _hold(arguments: argparse.Namespace) -> int:
    daemon, operator = connected(arguments), operator_of(arguments)
    if daemon is None or operator is None:
        return WRONG
    body = {"operator": operator, "reason": arguments.reason}
    freeze = daemon.post(arguments.command, body=body)["freeze"]
    if freeze is None:
        say("nothing is frozen")
    else:
        who, why = plain(freeze["operator"]), plain(freeze["reason"])
        say(f"everything is frozen by {who} since {freeze['since']}: {why}")
    return DONE
