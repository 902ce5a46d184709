"""
shadowmon init: five steps to a first configuration.

Define failure, measure the baseline, say what loss is acceptable, begin tighter, watch and adjust.
On a terminal what no flag says is asked; elsewhere, and with --yes, the default is taken.
"""

from __future__ import annotations

import argparse
import os
import sys

from pathlib import Path
from typing import TYPE_CHECKING

from shadowmon.cli.client import AnsweredNoError, UnreachableError
from shadowmon.cli.exit_codes import DONE, REFUSED, WRONG
from shadowmon.cli.init_questions import (
    QUESTIONS,
    UnusableAnswerError,
    answered,
    loss_of,
)
from shadowmon.cli.terminal import complain, say


if TYPE_CHECKING:  # for types alone: see cli/main.py, rule 1
    from shadowmon.cli.init_baseline import Measured
    from shadowmon.cli.init_text import Answers


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "init",
        help="write a first configuration, with the reasons for its limits",
        description="Walks through the five steps of setting a threshold and writes a commented "
        "configuration that check-config accepts.",
    )
    command.add_argument("-o", "--output", type=Path, default=Path("shadowmon.yaml"))
    command.add_argument("--force", action="store_true", help="write over a file that is there")
    command.add_argument("--yes", action="store_true", help="ask nothing: flags and defaults only")
    command.add_argument(
        "--from",
        dest="source",
        metavar="FILE|URL",
        help="measure the baseline: its answers (JSON lines), or a running daemon",
    )
    command.add_argument("--trial", metavar="NAME", help="of that daemon")
    for flag, question in QUESTIONS.items():
        command.add_argument(f"--{flag.replace('_', '-')}", help=question.helped())
    command.set_defaults(command_function=_init)


def _init(arguments: argparse.Namespace) -> int:
    from shadowmon.cli.init_text import configuration  # noqa: PLC0415 - see cli/main.py, rule 1
    from shadowmon.errors import ShadowmonError  # noqa: PLC0415

    path: Path = arguments.output
    if path.exists() and not arguments.force:
        complain(f"shadowmon: {path}: is there already; name another with -o, or --force")
        return REFUSED
    try:
        said = _answers(arguments)
        return _write(path, configuration(said, _measured(arguments, said)))
    except (
        ShadowmonError,
        UnreachableError,
        AnsweredNoError,
        UnusableAnswerError,
        ValueError,
    ) as error:
        complain(f"shadowmon: {error}")
        return WRONG
    except OSError as error:
        complain(f"shadowmon: {path}: cannot be written: {error.strerror}")
        return REFUSED


def _write(path: Path, text: str) -> int:
    """Write what can be used, whole or not at all; say what to do next."""
    from shadowmon.config.load import load  # noqa: PLC0415 - rule 1

    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        load(new, environment=os.environ, overrides={})
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    say(f"{path}: written; read it, then: shadowmon run --config {path}")
    return DONE


def _answers(arguments: argparse.Namespace) -> Answers:
    """Take the flags, and ask for the rest; an UnusableAnswerError if a flag cannot be used."""
    from shadowmon.cli.init_text import Answers  # noqa: PLC0415 - rule 1
    from shadowmon.policy.settings import Task  # noqa: PLC0415

    asks = sys.stdin.isatty() and not arguments.yes
    told = {flag: answered(flag, getattr(arguments, flag), asks=asks) for flag in QUESTIONS}
    task, acceptable = told.pop("task"), told.pop("acceptable")
    return Answers(task=Task(task), acceptable=loss_of(acceptable), **told)


def _measured(arguments: argparse.Namespace, said: Answers) -> Measured | None:
    from shadowmon.cli.init_baseline import (  # noqa: PLC0415 - rule 1
        measured_from_daemon,
        measured_from_file,
    )

    source: str | None = arguments.source
    if source is None:
        return None
    if not source.startswith(("http://", "https://")):
        return measured_from_file(Path(source), task=said.task, codec=said.codec)
    if not arguments.trial:
        msg = "--from a daemon needs --trial: whose baseline is it?"
        raise ValueError(msg)
    return measured_from_daemon(source, trial=arguments.trial)
