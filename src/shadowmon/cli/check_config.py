"""shadowmon check-config: what `promtool check config` is to Prometheus."""

from __future__ import annotations

import argparse
import os

from pathlib import Path

from shadowmon.cli.exit_codes import DONE, WRONG
from shadowmon.cli.run import add_set, overrides
from shadowmon.cli.terminal import complain, say


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "check-config",
        help="say everything that is wrong with a configuration",
        description="Loads a configuration exactly as `shadowmon run` would, with the environment "
        "and secret files, and starts nothing. Exit code 2 if it cannot be used.",
    )
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--print",
        action="store_true",
        dest="show",
        help="print what would be in force, defaults included and secrets masked",
    )
    add_set(command)
    command.set_defaults(command_function=_check)


def _check(arguments: argparse.Namespace) -> int:
    given = overrides(arguments.overrides)
    if given is None:
        return WRONG
    from shadowmon.config.advice import advice  # noqa: PLC0415 - see cli/main.py, rule 1
    from shadowmon.config.dump import shown  # noqa: PLC0415
    from shadowmon.config.load import load  # noqa: PLC0415
    from shadowmon.errors import ConfigError  # noqa: PLC0415

    try:
        settings = load(arguments.file, environment=os.environ, overrides=given)
    except ConfigError as error:
        complain(str(error))
        return WRONG
    if arguments.show:
        say(shown(settings).rstrip("\n"))
        return DONE
    counts = ", ".join(
        _counted(len(many), what)
        for many, what in (
            (settings.models, "model"),
            (settings.routes, "route"),
            (settings.trials, "trial"),
        )
    )
    say(f"{arguments.file}: ok: {counts}; store: {settings.store.path}")
    for each in advice(settings):
        say(f"{arguments.file}: look again: {each}")
    return DONE


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
