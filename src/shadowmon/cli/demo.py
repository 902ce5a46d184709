"""shadowmon demo: the whole thing on this machine, with real models and real traffic."""

from __future__ import annotations

import argparse

from pathlib import Path


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "demo",
        help="see it work: three quantised models on trial, on this machine",
        description="Trains a small model, truly quantises it three times, serves all four, drives "
        "traffic through the daemon, and shows what it decides. Ends by itself.",
    )
    command.add_argument("--seed", type=int, default=1, metavar="INT", help="of all that is drawn")
    command.add_argument("--keep-running", action="store_true", help="go on until Ctrl-C")
    command.add_argument("--no-live", action="store_true", help="print lines, no moving picture")
    command.add_argument(
        "--folder", type=Path, help="where models, logs and the journal are kept; a new one"
    )
    command.set_defaults(command_function=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from shadowmon.demo import story  # noqa: PLC0415 - see cli/main.py, rule 1

    return story.main(
        seed=arguments.seed,
        keep_running=arguments.keep_running,
        live=not arguments.no_live,
        folder=arguments.folder,
    )
