"""shadowmon run: the daemon."""

from __future__ import annotations

import argparse

from collections.abc import Sequence
from pathlib import Path

from shadowmon.cli.exit_codes import WRONG
from shadowmon.cli.terminal import complain


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "run",
        help="run the daemon until it is told to stop",
        description="Runs the daemon until SIGTERM or Ctrl-C; SIGHUP loads the configuration "
        "again. SHADOWMON_… variables stand over the file, and --set stands over both.",
    )
    add_source(command)
    command.set_defaults(command_function=_run)


def add_source(command: argparse.ArgumentParser) -> None:
    """Add the flags that say which configuration is meant."""
    command.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="YAML; without it: the environment only"
    )
    add_set(command)


def add_set(command: argparse.ArgumentParser) -> None:
    """Add the flag that sets a key."""
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="set a key, such as mirror.queue_max=5; lists and mappings as JSON; may be repeated",
    )


def overrides(pairs: Sequence[str]) -> dict[str, str] | None:
    """Read the values of --set; None, after saying why, if one of them is none."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            complain("shadowmon: --set needs KEY=VALUE, such as --set mirror.queue_max=5")
            return None
        found[key] = value
    return found


def _run(arguments: argparse.Namespace) -> int:
    given = overrides(arguments.overrides)
    if given is None:
        return WRONG
    from shadowmon.daemon.starting import importing  # noqa: PLC0415 - see cli/main.py, rule 1

    with importing():
        from shadowmon.daemon import supervisor  # noqa: PLC0415

    code = supervisor.main(arguments.config, given)
    if code == WRONG and arguments.config is None:
        complain(
            "shadowmon: no file was named (--config FILE); `shadowmon init` writes a first one"
        )
    return code
