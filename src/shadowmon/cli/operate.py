"""
What a person may ask for, with who and why.

shadowmon pause | resume | roll-back | re-arm | approve | loosen
"""

from __future__ import annotations

import argparse
import getpass

from collections.abc import Mapping
from typing import Any

from shadowmon.cli.exit_codes import DONE, WRONG
from shadowmon.cli.status import add_url, connected
from shadowmon.cli.terminal import complain, say
from shadowmon.console.plain import plain


_HELP: Mapping[str, str] = {
    "pause": "climb no more until resumed; a roll-back still works",
    "resume": "climb again",
    "roll-back": "take all of a trial's traffic away, at once",
    "re-arm": "let a trial that was rolled back begin again",
    "approve": "agree to the next stage, or to go on without what a phase asks for",
    "loosen": "let limits take effect that the configuration made looser",
}
_REASON_NEEDED = frozenset({"roll-back", "re-arm", "approve", "loosen"})


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    for word, sentence in _HELP.items():
        command = commands.add_parser(word, help=sentence, description=sentence.capitalize() + ".")
        command.add_argument("trial", metavar="TRIAL")
        command.add_argument(
            "--reason",
            required=word in _REASON_NEEDED,
            default="",
            help="why; it is written into the journal",
        )
        command.add_argument("--operator", help="who; the user's name if not given")
        if word == "loosen":
            _add_evidence(command)
        if word == "approve":
            command.add_argument(
                "--hours", type=float, help="for how long it is valid; not given: until it is used"
            )
        add_url(command)
        command.set_defaults(command_function=_operate)


def _add_evidence(command: argparse.ArgumentParser) -> None:
    how = command.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--evidence",
        type=int,
        metavar="ENTRY",
        help="the journal entry of a verdict whose intervals lie below the new limits",
    )
    how.add_argument("--override", action="store_true", help="without evidence; you answer for it")


def _operate(arguments: argparse.Namespace) -> int:
    daemon, operator = connected(arguments), operator_of(arguments)
    if daemon is None or operator is None:
        return WRONG
    body: dict[str, Any] = {"operator": operator, "reason": arguments.reason}
    if arguments.command == "loosen" and arguments.evidence is not None:
        body["evidence"] = arguments.evidence
    if arguments.command == "approve" and arguments.hours is not None:
        body["expires_seconds"] = arguments.hours * 3600
    state = daemon.post("trials", arguments.trial, arguments.command, body=body)["state"]
    paused = ", paused" if state["paused"] else ""
    weight = state["desired_weight"]["percent"]
    phase = state["phase"].replace("_", " ")
    say(f"{plain(arguments.trial)}: {phase}{paused}, {weight:g} % of the traffic")
    return DONE


def operator_of(arguments: argparse.Namespace) -> str | None:
    """Return who asks; None, after saying what to do, if that is not known."""
    operator = arguments.operator or _user()
    if not operator:
        complain("shadowmon: this user has no name; say who you are with --operator")
    return operator or None


def _user() -> str:
    try:
        return getpass.getuser()  # $USER and its like, else the password database
    except (KeyError, OSError):
        return ""
