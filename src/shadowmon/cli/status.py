"""shadowmon status: where every trial stands, once or as it happens."""

from __future__ import annotations

import argparse

from typing import Any

from shadowmon.cli import client
from shadowmon.cli.client import Client
from shadowmon.cli.exit_codes import DONE, REFUSED, WRONG
from shadowmon.cli.terminal import complain


_EVERY_SECONDS = 1.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "status",
        help="where every trial stands",
        description="Draws every trial: stage, weight, figures between their limits, and how far "
        "each decision is proven. Exit code 1 if the daemon is not ready.",
    )
    command.add_argument("--watch", action="store_true", help="draw again every second")
    add_url(command)
    command.set_defaults(command_function=_status)


def add_url(command: argparse.ArgumentParser) -> None:
    """Add the flag that says which daemon is meant."""
    command.add_argument(
        "--url",
        help=f"of the daemon's console; else {client.URL_VARIABLE}, else {client.DEFAULT_URL}",
    )


def connected(arguments: argparse.Namespace) -> Client | None:
    """Return the daemon that is meant; None, after saying why, if what names it is wrong."""
    try:
        return client.from_environment(arguments.url)
    except ValueError as error:
        complain(f"shadowmon: {error}")
        return None


def _status(arguments: argparse.Namespace) -> int:
    daemon = connected(arguments)
    if daemon is None:
        return WRONG
    return _watch(daemon) if arguments.watch else _once(daemon)


def _once(daemon: Client) -> int:
    from rich.console import Console  # noqa: PLC0415 - see cli/main.py, rule 1

    console = Console(highlight=False)
    status, drawn = _drawn(daemon, console.width)
    console.print(drawn)
    return DONE if status["ready"] else REFUSED


def _watch(daemon: Client) -> int:
    from threading import Event  # noqa: PLC0415 - see cli/main.py, rule 1

    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console, never = Console(highlight=False), Event()
    if not console.is_terminal:  # a file, a pipe: one picture below the other
        while not never.wait(_EVERY_SECONDS):
            console.print(_drawn(daemon, console.width)[1])
            console.file.flush()
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while not never.wait(_EVERY_SECONDS):
            live.update(_drawn(daemon, console.width)[1], refresh=True)
    return DONE


def _drawn(daemon: Client, width: int) -> tuple[Any, Any]:
    """Return the daemon's status, and the picture of it."""
    from shadowmon.console.picture import picture  # noqa: PLC0415 - see cli/main.py, rule 1

    status = daemon.get("status")
    return status, picture(status, daemon.get("trials"), width)
